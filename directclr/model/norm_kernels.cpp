#include "directclr/model/norm_kernels.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "directclr/core/dispatch.h"

#define DIRECTCLR_KERNELS "directclr/model/norm_kernels.cpp"
#include "directclr/core/variants.inc"

namespace directclr::model {
namespace DIRECTCLR_VARIANT {
namespace {

#include "directclr/core/vectors.inc"

using Bits = uint32_t __attribute__((vector_size(kBytes)));
using HalfBits = uint16_t __attribute__((vector_size(kBytes / 2)));

// The first `count` numbers, and 0 in the other lanes.
DIRECTCLR_INLINE FloatVector load_some(const float* from, size_t count) {
  FloatVector vector = {};
  std::memcpy(&vector, from, count * sizeof(float));
  return vector;
}
DIRECTCLR_INLINE DoubleVector load_some(const double* from, size_t count) {
  DoubleVector vector = {};
  std::memcpy(&vector, from, count * sizeof(double));
  return vector;
}
DIRECTCLR_INLINE FloatVector load_some(const c10::BFloat16* from, size_t count) {
  HalfBits halves = {};
  std::memcpy(&halves, from, count * sizeof(uint16_t));
  const Bits bits = __builtin_convertvector(halves, Bits) << 16;
  FloatVector vector;
  std::memcpy(&vector, &bits, sizeof vector);
  return vector;
}
DIRECTCLR_INLINE void store_some(float* to, FloatVector vector, size_t count) {
  std::memcpy(to, &vector, count * sizeof(float));
}
DIRECTCLR_INLINE void store_some(double* to, DoubleVector vector, size_t count) {
  std::memcpy(to, &vector, count * sizeof(double));
}
// To the nearest, ties to even.
DIRECTCLR_INLINE void store_some(c10::BFloat16* to, FloatVector vector, size_t count) {
  Bits bits;
  std::memcpy(&bits, &vector, sizeof bits);
  const Bits rounded = (bits + 0x7FFFU + (bits >> 16 & 1U)) >> 16, not_a_number = rounded * 0 + 0x7FC0U;
  const HalfBits halves = __builtin_convertvector(vector == vector ? rounded : not_a_number, HalfBits);
  std::memcpy(to, &halves, count * sizeof(uint16_t));
}

// job(i, n) for a register's numbers at a time, of which the last may be fewer. T: the numbers in memory.
template <class T, class Job>
DIRECTCLR_INLINE void for_lanes(size_t count, const Job& job) {
  constexpr size_t kLanes = sizeof(T) == sizeof(double) ? kDoubles : kFloats;
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) job(i, kLanes);
  if (i < count) job(i, count - i);
}

template <class T, class Wide>
DIRECTCLR_INLINE void add_moments(const T* x, size_t count, size_t width, const Wide* shift, Wide* sums,
                                  Wide* squares) {
  size_t row = 0;
  for (; row + 4 * width <= count; row += 4 * width) {  // sums are loaded and stored once for four rows
    const T *const x0 = x + row, *const x1 = x0 + width, *const x2 = x1 + width, *const x3 = x2 + width;
    for_lanes<T>(width, [&](size_t j, size_t n) {
      const auto s = load_some(shift + j, n);
      const auto a = load_some(x0 + j, n) - s, b = load_some(x1 + j, n) - s, c = load_some(x2 + j, n) - s,
                 d = load_some(x3 + j, n) - s;
      store_some(sums + j, load_some(sums + j, n) + ((a + b) + (c + d)), n);
      store_some(squares + j, load_some(squares + j, n) + ((a * a + b * b) + (c * c + d * d)), n);
    });
  }
  for (; row < count; row += width) {
    for_lanes<T>(std::min(width, count - row), [&](size_t j, size_t n) {
      const auto a = load_some(x + row + j, n) - load_some(shift + j, n);
      store_some(sums + j, load_some(sums + j, n) + a, n);
      store_some(squares + j, load_some(squares + j, n) + a * a, n);
    });
  }
}

template <bool kResidual, bool kRelu, class T, class Wide>
DIRECTCLR_INLINE void write_normalised(const T* x, const T* residual, T* y, size_t count, size_t width,
                                       const Wide* scale, const Wide* offset) {
  for (size_t row = 0; row < count; row += width) {
    for_lanes<T>(std::min(width, count - row), [&](size_t j, size_t n) {
      auto value = load_some(x + row + j, n) * load_some(scale + j, n) + load_some(offset + j, n);
      if constexpr (kResidual) value += load_some(residual + row + j, n);
      const decltype(value) zero = {};
      if constexpr (kRelu) value = value < zero ? zero : value;  // what is not a number stays that
      store_some(y + row + j, value, n);
    });
  }
}
template <class T, class Wide>
DIRECTCLR_INLINE void choose_normalised(const T* x, const T* residual, T* y, size_t count, size_t width,
                                        const Wide* scale, const Wide* offset, bool relu) {
  if (residual) {
    if (relu) return write_normalised<true, true>(x, residual, y, count, width, scale, offset);
    return write_normalised<true, false>(x, residual, y, count, width, scale, offset);
  }
  if (relu) return write_normalised<false, true>(x, residual, y, count, width, scale, offset);
  write_normalised<false, false>(x, residual, y, count, width, scale, offset);
}

// grad_y, and 0 where y is not positive.
template <bool kRelu, class T>
DIRECTCLR_INLINE auto masked_gradient(const T* grad_y, const T* y, size_t n) {
  const auto gradient = load_some(grad_y, n);
  if constexpr (!kRelu) return gradient;
  const decltype(gradient) zero = {};
  return load_some(y, n) <= zero ? zero : gradient;
}

template <bool kRelu, bool kKept, class T, class Wide>
DIRECTCLR_INLINE void add_gradient_sums(const T* grad_y, const T* y, const T* x, T* masked, size_t count, size_t width,
                                        const Wide* mean, Wide* sums, Wide* products) {
  size_t row = 0;
  const auto gradient = [&](size_t i, size_t n) {
    const auto g = masked_gradient<kRelu>(grad_y + i, kRelu ? y + i : y, n);
    if constexpr (kKept) store_some(masked + i, g, n);
    return g;
  };
  for (; row + 2 * width <= count; row += 2 * width) {
    for_lanes<T>(width, [&](size_t j, size_t n) {
      const auto m = load_some(mean + j, n);
      const auto g = gradient(row + j, n), h = gradient(row + width + j, n);
      store_some(sums + j, load_some(sums + j, n) + (g + h), n);
      store_some(products + j,
                 load_some(products + j, n) +
                     (g * (load_some(x + row + j, n) - m) + h * (load_some(x + row + width + j, n) - m)),
                 n);
    });
  }
  for (; row < count; row += width) {
    for_lanes<T>(std::min(width, count - row), [&](size_t j, size_t n) {
      const auto g = gradient(row + j, n);
      store_some(sums + j, load_some(sums + j, n) + g, n);
      store_some(products + j, load_some(products + j, n) + g * (load_some(x + row + j, n) - load_some(mean + j, n)),
                 n);
    });
  }
}
template <class T, class Wide>
DIRECTCLR_INLINE void choose_gradient_sums(const T* grad_y, const T* y, const T* x, T* masked, size_t count,
                                           size_t width, const Wide* mean, Wide* sums, Wide* products) {
  if (y) {
    if (masked) return add_gradient_sums<true, true>(grad_y, y, x, masked, count, width, mean, sums, products);
    return add_gradient_sums<true, false>(grad_y, y, x, masked, count, width, mean, sums, products);
  }
  if (masked) return add_gradient_sums<false, true>(grad_y, y, x, masked, count, width, mean, sums, products);
  add_gradient_sums<false, false>(grad_y, y, x, masked, count, width, mean, sums, products);
}

template <bool kRelu, class T, class Wide>
DIRECTCLR_INLINE void write_input_gradient(const T* grad_y, const T* y, const T* x, T* grad_x, size_t count,
                                           size_t width, const Wide* a, const Wide* b, const Wide* c) {
  for (size_t row = 0; row < count; row += width) {
    for_lanes<T>(std::min(width, count - row), [&](size_t j, size_t n) {
      const size_t i = row + j;
      const auto g = masked_gradient<kRelu>(grad_y + i, kRelu ? y + i : y, n);
      store_some(grad_x + i,
                 g * load_some(a + j, n) + (load_some(x + i, n) * load_some(b + j, n) + load_some(c + j, n)), n);
    });
  }
}
template <class T, class Wide>
DIRECTCLR_INLINE void choose_input_gradient(const T* grad_y, const T* y, const T* x, T* grad_x, size_t count,
                                            size_t width, const Wide* a, const Wide* b, const Wide* c) {
  if (y) return write_input_gradient<true>(grad_y, y, x, grad_x, count, width, a, b, c);
  write_input_gradient<false>(grad_y, y, x, grad_x, count, width, a, b, c);
}

// A template would not be compiled for the wider registers.
#define DIRECTCLR_NORM_KERNELS(name, T, Wide)                                                                 \
  void name##_moments(const T* x, size_t count, size_t width, const Wide* shift, Wide* sums, Wide* squares) { \
    add_moments(x, count, width, shift, sums, squares);                                                       \
  }                                                                                                           \
  void name##_normalise(const T* x, const T* residual, T* y, size_t count, size_t width, const Wide* scale,   \
                        const Wide* offset, bool relu) {                                                      \
    choose_normalised(x, residual, y, count, width, scale, offset, relu);                                     \
  }                                                                                                           \
  void name##_gradient_sums(const T* grad_y, const T* y, const T* x, T* masked, size_t count, size_t width,   \
                            const Wide* mean, Wide* sums, Wide* products) {                                   \
    choose_gradient_sums(grad_y, y, x, masked, count, width, mean, sums, products);                           \
  }                                                                                                           \
  void name##_input_gradient(const T* grad_y, const T* y, const T* x, T* grad_x, size_t count, size_t width,  \
                             const Wide* a, const Wide* b, const Wide* c) {                                   \
    choose_input_gradient(grad_y, y, x, grad_x, count, width, a, b, c);                                       \
  }                                                                                                           \
  constexpr NormKernels<T, Wide> k_##name = {name##_moments, name##_normalise, name##_gradient_sums,          \
                                             name##_input_gradient};
DIRECTCLR_NORM_KERNELS(float, float, float)
DIRECTCLR_NORM_KERNELS(double, double, double)
DIRECTCLR_NORM_KERNELS(bfloat16, c10::BFloat16, float)
#undef DIRECTCLR_NORM_KERNELS

constexpr AllNormKernels kKernels = {k_float, k_double, k_bfloat16};

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
const AllNormKernels& norm_kernels(int register_bytes) { return DIRECTCLR_VARIANTS(kKernels).required(register_bytes); }
#endif

}  // namespace directclr::model
