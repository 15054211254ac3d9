#include "directclr/image/resize_taps.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/dispatch.h"

#define DIRECTCLR_KERNELS "directclr/image/resize_taps.cpp"
#include "directclr/core/variants.inc"

namespace directclr::image {
namespace DIRECTCLR_VARIANT {
namespace {

constexpr int kPrecisionBits = 22;  // 32 bits, less 8 for the byte, less 2 for sign and overshoot

DIRECTCLR_INLINE double bilinear(double x) { return std::max(1 - std::abs(x), 0.0); }
DIRECTCLR_INLINE double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  const double near = ((a + 2) * x - (a + 3)) * x * x + 1, far = (((x - 5) * x + 8) * x - 4) * a;
  return x < 1 ? near : x < 2 ? far : 0;
}

// Outputs lie side by side, so that the compiler can take several at once.
template <class F>
DIRECTCLR_INLINE void add_values_of(F filter, int window, double inverse, ResizeTapsWork& of) {
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
void add_values(Filter filter, int window, double inverse, ResizeTapsWork& of) {
  if (filter == Filter::kBilinear) {
    add_values_of([](double x) { return bilinear(x); }, window, inverse, of);
  } else {
    add_values_of([](double x) { return bicubic(x); }, window, inverse, of);
  }
}
void round_weights(int window, ResizeTapsWork& of) {
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

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
void make_taps(int in, int out, Filter filter, ResizeTaps& taps, ResizeTapsWork& work, int register_bytes) {
  const auto& add_values = DIRECTCLR_VARIANTS(add_values).required(register_bytes);
  const auto& round_weights = DIRECTCLR_VARIANTS(round_weights).required(register_bytes);
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
#endif

}  // namespace directclr::image
