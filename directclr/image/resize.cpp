#include "directclr/image/resize.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "directclr/core/dispatch.h"

namespace directclr::image {
namespace {

constexpr int kPrecisionBits = 22;  // 32 bits, less 8 for the byte, less 2 for sign and overshoot
constexpr int32_t kHalf = 1 << (kPrecisionBits - 1);

double filter_value(Filter filter, double x) {
  x = std::abs(x);
  if (filter == Filter::kBilinear) return x < 1 ? 1 - x : 0;
  constexpr double a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// Which inputs make each output along one axis, and with which integer weights.
struct Taps {
  int count = 0;                 // weights an output; unused ones at the end are zero
  std::vector<int> first;        // (outputs) first input used
  std::vector<int> used;         // (outputs) inputs used
  std::vector<int32_t> weights;  // (outputs, count)
};

// `taps` keeps its memory from call to call; so does `exact`.
void make_taps(int in, int out, Filter filter, Taps& taps, std::vector<double>& exact) {
  const double scale = static_cast<double>(in) / out;
  const double filter_scale = std::max(scale, 1.0);
  const double support = (filter == Filter::kBilinear ? 1.0 : 2.0) * filter_scale;
  const double inverse = 1.0 / filter_scale;
  taps.count = static_cast<int>(std::ceil(support)) * 2 + 1;
  const auto outputs = static_cast<size_t>(out);
  taps.first.resize(outputs);
  taps.used.resize(outputs);
  taps.weights.assign(outputs * static_cast<size_t>(taps.count), 0);
  exact.resize(static_cast<size_t>(taps.count));
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * scale;
    const int begin = std::max(static_cast<int>(center - support + 0.5), 0);
    const int end = std::min(static_cast<int>(center + support + 0.5), in);
    double sum = 0;
    for (int k = 0; k < end - begin; ++k) {
      exact[static_cast<size_t>(k)] = filter_value(filter, (k + begin - center + 0.5) * inverse);
      sum += exact[static_cast<size_t>(k)];
    }
    taps.first[static_cast<size_t>(i)] = begin;
    taps.used[static_cast<size_t>(i)] = end - begin;
    for (int k = 0; k < end - begin; ++k) {
      double w = exact[static_cast<size_t>(k)];
      if (sum != 0) w /= sum;
      taps.weights[static_cast<size_t>(i * taps.count + k)] =
          static_cast<int32_t>((w < 0 ? -0.5 : 0.5) + w * (1 << kPrecisionBits));
    }
  }
}

inline uint8_t to_byte(int32_t sum) {
  const int32_t value = sum >> kPrecisionBits;
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

// One row of interleaved RGB to one row in each of three planes.
DIRECTCLR_CLONES void resize_row(const uint8_t* in, const Taps& taps, int out_width, uint8_t* r, uint8_t* g,
                                 uint8_t* b) {
  for (int i = 0; i < out_width; ++i) {
    const uint8_t* pixel = in + 3 * taps.first[static_cast<size_t>(i)];
    const int32_t* w = taps.weights.data() + static_cast<ptrdiff_t>(i) * taps.count;
    const int used = taps.used[static_cast<size_t>(i)];
    int32_t sum_r = kHalf;
    int32_t sum_g = kHalf;
    int32_t sum_b = kHalf;
    for (int k = 0; k < used; ++k) {
      sum_r += pixel[3 * k] * w[k];
      sum_g += pixel[3 * k + 1] * w[k];
      sum_b += pixel[3 * k + 2] * w[k];
    }
    r[i] = to_byte(sum_r);
    g[i] = to_byte(sum_g);
    b[i] = to_byte(sum_b);
  }
}

void split_row(const uint8_t* in, int width, uint8_t* r, uint8_t* g, uint8_t* b) {
  for (int i = 0; i < width; ++i) {
    r[i] = in[3 * i];
    g[i] = in[3 * i + 1];
    b[i] = in[3 * i + 2];
  }
}

// One output row of `width` values from `used` input rows that lie `stride` bytes apart.
DIRECTCLR_CLONES void resize_column(const uint8_t* in, ptrdiff_t stride, int width, const int32_t* weights, int used,
                                    int32_t* sums, uint8_t* out) {
  for (int x = 0; x < width; ++x) sums[x] = kHalf;
  for (int k = 0; k < used; ++k) {
    const uint8_t* line = in + k * stride;
    const int32_t w = weights[k];
    for (int x = 0; x < width; ++x) sums[x] += line[x] * w;
  }
  for (int x = 0; x < width; ++x) out[x] = to_byte(sums[x]);
}

// The work space of one thread: in steady state nothing is allocated.
struct Workspace {
  Taps horizontal;
  Taps vertical;
  std::vector<double> exact;
  std::vector<int32_t> sums;
  std::vector<uint8_t> rows;  // interleaved, after a vertical pass that came first
  Planes columns;             // after a horizontal pass that came first
};

// Rows of interleaved RGB, `stride` bytes apart, to planes `width` wide.
void horizontal_pass(const uint8_t* in, ptrdiff_t stride, int in_width, const Taps& taps, Planes& out) {
  for (int y = 0; y < out.height; ++y) {
    const ptrdiff_t at = static_cast<ptrdiff_t>(y) * out.width;
    uint8_t* r = out.plane(0) + at;
    uint8_t* g = out.plane(1) + at;
    uint8_t* b = out.plane(2) + at;
    if (in_width == out.width) {
      split_row(in + y * stride, out.width, r, g, b);
    } else {
      resize_row(in + y * stride, taps, out.width, r, g, b);
    }
  }
}

// `out_height` rows of `width` values from rows `stride` bytes apart.
void vertical_pass(const uint8_t* in, ptrdiff_t stride, int width, int out_height, Workspace& work, uint8_t* out) {
  work.sums.resize(static_cast<size_t>(width));
  for (int y = 0; y < out_height; ++y) {
    const auto row = static_cast<size_t>(y);
    resize_column(in + work.vertical.first[row] * stride, stride, width,
                  work.vertical.weights.data() + static_cast<ptrdiff_t>(y) * work.vertical.count,
                  work.vertical.used[row], work.sums.data(), out + static_cast<ptrdiff_t>(y) * width);
  }
}

}  // namespace

void crop_resize(const Image& image, const Box& box, int width, int height, Filter filter, Planes& out) {
  if (box.left < 0 || box.top < 0 || box.width < 1 || box.height < 1 || box.left + box.width > image.width ||
      box.top + box.height > image.height || width < 1 || height < 1) {
    throw std::invalid_argument("[crop_resize] expected a box inside the image and positive sizes");
  }
  thread_local Workspace work;
  out.resize(width, height);
  const uint8_t* in = image.row(box.top) + 3 * static_cast<ptrdiff_t>(box.left);
  const ptrdiff_t stride = 3 * static_cast<ptrdiff_t>(image.width);
  if (box.width != width) make_taps(box.width, width, filter, work.horizontal, work.exact);
  if (box.height != height) make_taps(box.height, height, filter, work.vertical, work.exact);

  const int rows_saved = box.height - height;
  const int columns_saved = box.width - width;
  if (box.height == height) {
    horizontal_pass(in, stride, box.width, work.horizontal, out);
  } else if (rows_saved > 0 && rows_saved > 2 * columns_saved) {
    // Each pass rounds to bytes, so their order shows in the result. Pillow lets the vertical one go first when it
    // leaves the other much less to do; the rule was read off its results (docs/math.md, "Resize").
    work.rows.resize(static_cast<size_t>(height) * static_cast<size_t>(box.width) * 3);
    vertical_pass(in, stride, 3 * box.width, height, work, work.rows.data());
    horizontal_pass(work.rows.data(), 3 * static_cast<ptrdiff_t>(box.width), box.width, work.horizontal, out);
  } else {
    work.columns.resize(width, box.height);
    horizontal_pass(in, stride, box.width, work.horizontal, work.columns);
    for (int c = 0; c < 3; ++c) vertical_pass(work.columns.plane(c), width, width, height, work, out.plane(c));
  }
}

}  // namespace directclr::image
