#include "directclr/image/resize.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "directclr/image/dispatch.h"

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

// One output row of one plane from `used` input rows.
DIRECTCLR_CLONES void resize_column(const uint8_t* in, int width, const int32_t* weights, int used, int32_t* sums,
                                    uint8_t* out) {
  for (int x = 0; x < width; ++x) sums[x] = kHalf;
  for (int k = 0; k < used; ++k) {
    const uint8_t* line = in + static_cast<ptrdiff_t>(k) * width;
    const int32_t w = weights[k];
    for (int x = 0; x < width; ++x) sums[x] += line[x] * w;
  }
  for (int x = 0; x < width; ++x) out[x] = to_byte(sums[x]);
}

}  // namespace

void crop_resize(const Image& image, const Box& box, int width, int height, Filter filter, Planes& out) {
  if (box.left < 0 || box.top < 0 || box.width < 1 || box.height < 1 || box.left + box.width > image.width ||
      box.top + box.height > image.height || width < 1 || height < 1) {
    throw std::invalid_argument("[crop_resize] expected a box inside the image and positive sizes");
  }
  // Work space is kept by the thread: in steady state nothing is allocated.
  thread_local Taps horizontal;
  thread_local Taps vertical;
  thread_local std::vector<double> exact;
  thread_local std::vector<int32_t> sums;
  thread_local Planes middle;

  out.resize(width, height);
  const bool resize_height = box.height != height;
  Planes& rows = resize_height ? middle : out;
  rows.resize(width, box.height);
  if (box.width != width) make_taps(box.width, width, filter, horizontal, exact);
  for (int y = 0; y < box.height; ++y) {
    const uint8_t* in = image.row(box.top + y) + 3 * static_cast<ptrdiff_t>(box.left);
    const ptrdiff_t at = static_cast<ptrdiff_t>(y) * width;
    uint8_t* r = rows.plane(0) + at;
    uint8_t* g = rows.plane(1) + at;
    uint8_t* b = rows.plane(2) + at;
    if (box.width == width) {
      split_row(in, width, r, g, b);
    } else {
      resize_row(in, horizontal, width, r, g, b);
    }
  }
  if (!resize_height) return;
  make_taps(box.height, height, filter, vertical, exact);
  sums.resize(static_cast<size_t>(width));
  for (int c = 0; c < 3; ++c) {
    for (int y = 0; y < height; ++y) {
      resize_column(middle.plane(c) + static_cast<ptrdiff_t>(vertical.first[static_cast<size_t>(y)]) * width, width,
                    vertical.weights.data() + static_cast<ptrdiff_t>(y) * vertical.count,
                    vertical.used[static_cast<size_t>(y)], sums.data(), out.plane(c) + static_cast<ptrdiff_t>(y) * width);
    }
  }
}

}  // namespace directclr::image
