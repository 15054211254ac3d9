#include "directclr/image/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "directclr/image/kernels.h"

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
void resize_row(const uint8_t* in, const Taps& taps, int out_width, uint8_t* r, uint8_t* g, uint8_t* b) {
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

// The taps of recent sizes: small pictures have few different ones.
class TapCache {
 public:
  const Taps& get(int in, int out, Filter filter) {
    Entry& entry = entries_[static_cast<size_t>(in) % entries_.size()];
    if (entry.in != in || entry.out != out || entry.filter != filter) {
      make_taps(in, out, filter, entry.taps, exact_);
      entry.in = in;
      entry.out = out;
      entry.filter = filter;
    }
    return entry.taps;
  }

 private:
  struct Entry {
    int in = 0;
    int out = 0;
    Filter filter = Filter::kBicubic;
    Taps taps;
  };
  std::array<Entry, 64> entries_;
  std::vector<double> exact_;
};

// The work space of one thread: in steady state nothing is allocated.
struct Workspace {
  TapCache horizontal;
  TapCache vertical;
  std::vector<uint8_t> scratch;
  std::vector<uint8_t> rows;  // interleaved, after a vertical pass that came first
  Planes columns;             // after a horizontal pass that came first
};

// Rows of interleaved RGB, `stride` bytes apart, to planes `width` wide.
void horizontal_pass(const uint8_t* in, ptrdiff_t stride, int in_width, Filter filter, Workspace& work, Planes& out) {
  const auto row = [&](int c, int y) { return out.plane(c) + static_cast<ptrdiff_t>(y) * out.width; };
  if (in_width == out.width) {
    for (int y = 0; y < out.height; ++y) split_row(in + y * stride, out.width, row(0, y), row(1, y), row(2, y));
    return;
  }
  const Taps& taps = work.horizontal.get(in_width, out.width, filter);
  work.scratch.resize(24 * static_cast<size_t>(in_width + out.width) + 64);
  const auto eight_rows = [&](int y) {
    uint8_t* const planes[] = {row(0, y), row(1, y), row(2, y)};
    kernels().resize_eight_rows(in + y * stride, stride, in_width, taps.first.data(), taps.used.data(),
                                taps.weights.data(), taps.count, out.width, planes, out.width, work.scratch.data());
  };
  int y = 0;
  for (; y + 8 <= out.height; y += 8) eight_rows(y);
  if (y == out.height) return;
  if (out.height >= 8) return eight_rows(out.height - 8);  // some of them again
  for (; y < out.height; ++y) resize_row(in + y * stride, taps, out.width, row(0, y), row(1, y), row(2, y));
}

// `out_height` rows of `width` values from rows `stride` bytes apart.
void vertical_pass(const uint8_t* in, ptrdiff_t stride, int width, int out_height, const Taps& taps, uint8_t* out) {
  for (int y = 0; y < out_height; ++y) {
    const auto row = static_cast<size_t>(y);
    kernels().resize_column(in + taps.first[row] * stride, stride, static_cast<size_t>(width),
                            taps.weights.data() + static_cast<ptrdiff_t>(y) * taps.count, taps.used[row],
                            out + static_cast<ptrdiff_t>(y) * width);
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

  const int rows_saved = box.height - height;
  const int columns_saved = box.width - width;
  if (box.height == height) {
    horizontal_pass(in, stride, box.width, filter, work, out);
  } else if (rows_saved > 0 && rows_saved > 2 * columns_saved) {
    // Each pass rounds to bytes, so their order shows in the result. Pillow lets the vertical one go first when it
    // leaves the other much less to do; the rule was read off its results (docs/math.md, "Resize").
    work.rows.resize(static_cast<size_t>(height) * static_cast<size_t>(box.width) * 3);
    vertical_pass(in, stride, 3 * box.width, height, work.vertical.get(box.height, height, filter), work.rows.data());
    horizontal_pass(work.rows.data(), 3 * static_cast<ptrdiff_t>(box.width), box.width, filter, work, out);
  } else {
    work.columns.resize(width, box.height);
    horizontal_pass(in, stride, box.width, filter, work, work.columns);
    const Taps& taps = work.vertical.get(box.height, height, filter);
    for (int c = 0; c < 3; ++c) vertical_pass(work.columns.plane(c), width, width, height, taps, out.plane(c));
  }
}

}  // namespace directclr::image
