#include "directclr/image/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>

#include "directclr/core/dispatch.h"
#include "directclr/image/kernels.h"

namespace directclr::image {
namespace {

constexpr int kPrecisionBits = 22;  // 32 bits, less 8 for the byte, less 2 for sign and overshoot

inline double bilinear(double x) { return std::max(1 - std::abs(x), 0.0); }
inline double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  const double near = ((a + 2) * x - (a + 3)) * x * x + 1, far = (((x - 5) * x + 8) * x - 4) * a;
  return x < 1 ? near : x < 2 ? far : 0;
}

// What the weights of one axis are made of; the memory is kept from call to call.
struct TapSums {
  std::vector<int> begin, count;    // of each output's inputs
  std::vector<double> center, sum;  // of an output, in inputs; of its inputs' values
  std::vector<double> values;       // (window, outputs) of the filter
  std::vector<int32_t> weights;     // (window, outputs)
};

// Outputs lie side by side, so that the compiler can take several at once.
template <class F>
inline void add_values(F filter, int window, double inverse, TapSums& of) {
  const size_t outputs = of.begin.size();
  const int *begin = of.begin.data(), *count = of.count.data();
  const double* center = of.center.data();
  double *values = of.values.data(), *sum = of.sum.data();
  for (int k = 0; k < window; ++k, values += outputs) {
    for (size_t i = 0; i < outputs; ++i) {
      const double value = filter((k + begin[i] - center[i] + 0.5) * inverse);
      values[i] = k < count[i] ? value : 0;
      sum[i] += values[i];
    }
  }
}
DIRECTCLR_CLONES void add_values(Filter filter, int window, double inverse, TapSums& of) {
  if (filter == Filter::kBilinear) return add_values([](double x) { return bilinear(x); }, window, inverse, of);
  add_values([](double x) { return bicubic(x); }, window, inverse, of);
}
DIRECTCLR_CLONES void round_weights(int window, TapSums& of) {
  const size_t outputs = of.begin.size();
  const double *values = of.values.data(), *sum = of.sum.data();
  int32_t* weights = of.weights.data();
  for (int k = 0; k < window; ++k, values += outputs, weights += outputs) {
    for (size_t i = 0; i < outputs; ++i) {
      const double w = sum[i] != 0 ? values[i] / sum[i] : values[i];
      weights[i] = static_cast<int32_t>((w < 0 ? -0.5 : 0.5) + w * (1 << kPrecisionBits));
    }
  }
}

// `taps` keeps its memory from call to call.
void make_taps(int in, int out, Filter filter, ResizeTaps& taps, TapSums& work) {
  const double scale = static_cast<double>(in) / out;
  const double filter_scale = std::max(scale, 1.0);
  const double support = (filter == Filter::kBilinear ? 1.0 : 2.0) * filter_scale;
  const auto outputs = static_cast<size_t>(out);
  work.begin.resize(outputs);
  work.count.resize(outputs);
  work.center.resize(outputs);
  for (size_t i = 0; i < outputs; ++i) {
    const double center = (static_cast<int>(i) + 0.5) * scale;
    const int end = std::min(static_cast<int>(center + support + 0.5), in);
    work.begin[i] = std::max(static_cast<int>(center - support + 0.5), 0);
    work.count[i] = end - work.begin[i];
    work.center[i] = center;
  }
  // One window for all keeps the inner loops simple. Where fewer inputs count, the rest have no weight.
  taps.in = in;
  taps.window = *std::max_element(work.count.begin(), work.count.end());
  const auto window = static_cast<size_t>(taps.window);
  work.sum.assign(outputs, 0);
  work.values.resize(window * outputs);
  work.weights.resize(window * outputs);
  add_values(filter, taps.window, 1.0 / filter_scale, work);
  round_weights(taps.window, work);
  taps.first.resize(outputs);
  taps.weights.assign(outputs * window, 0);
  for (size_t i = 0; i < outputs; ++i) {
    taps.first[i] = std::min(work.begin[i], in - taps.window);
    int32_t* to = taps.weights.data() + i * window + (work.begin[i] - taps.first[i]);
    for (size_t k = 0; k < static_cast<size_t>(work.count[i]); ++k) to[k] = work.weights[k * outputs + i];
  }
  kernels().prepare(taps);
}

// The taps of recent sizes: small pictures have few different ones.
class TapCache {
 public:
  const ResizeTaps& get(int in, int out, Filter filter) {
    Entry& entry = entries_[static_cast<size_t>(in) % entries_.size()];
    if (entry.in != in || entry.out != out || entry.filter != filter) {
      make_taps(in, out, filter, entry.taps, work_);
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
    ResizeTaps taps;
  };
  std::array<Entry, 64> entries_;
  TapSums work_;
};

// The work space of one thread: in steady state nothing is allocated.
struct Workspace {
  TapCache horizontal;
  TapCache vertical;
  std::vector<uint8_t> scratch;
  std::vector<uint8_t> rows;  // interleaved, after a vertical pass that came first
  Planes columns;             // after a horizontal pass that came first
};

// Rows of interleaved RGB, `stride` bytes apart, to planes as wide as out. Of as many pixels each is itself: both
// filters are 0 at every other whole distance.
void horizontal_pass(const uint8_t* in, ptrdiff_t stride, int in_width, Filter filter, Workspace& work, Planes& out) {
  const auto row = [&](int c, int y) { return out.plane(c) + static_cast<ptrdiff_t>(y) * out.width; };
  const ResizeTaps& taps = work.horizontal.get(in_width, out.width, filter);
  work.scratch.resize(resize_scratch(taps));
  for (int y = 0; y < out.height; y += 8) {
    uint8_t* const planes[] = {row(0, y), row(1, y), row(2, y)};
    kernels().resize_rows(in + y * stride, stride, std::min(8, out.height - y), taps, planes, out.width,
                          work.scratch.data());
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
    const ResizeTaps& taps = work.vertical.get(box.height, height, filter);
    kernels().resize_columns(in, stride, 3 * static_cast<size_t>(box.width), taps, work.rows.data());
    horizontal_pass(work.rows.data(), 3 * static_cast<ptrdiff_t>(box.width), box.width, filter, work, out);
  } else {
    work.columns.resize(width, box.height);
    horizontal_pass(in, stride, box.width, filter, work, work.columns);
    const ResizeTaps& taps = work.vertical.get(box.height, height, filter);
    for (int c = 0; c < 3; ++c) {
      kernels().resize_columns(work.columns.plane(c), width, static_cast<size_t>(width), taps, out.plane(c));
    }
  }
}

}  // namespace directclr::image
