#include "directclr/optim/momentum_kernels.h"

#include <cstring>

#include "directclr/core/dispatch.h"

#define DIRECTCLR_KERNELS "directclr/optim/momentum_kernels.cpp"
#include "directclr/core/variants.inc"

namespace directclr::optim {
namespace DIRECTCLR_VARIANT {
namespace {

#include "directclr/core/vectors.inc"

// Squares are summed in T over runs of this many numbers, and runs in float64.
constexpr size_t kRun = 512;

template <class T>
DIRECTCLR_INLINE void add_squares(const T* p, const T* g, size_t count, T decay, double* of_p, double* of_update) {
  constexpr size_t kLanes = kBytes / sizeof(T);
  for (size_t first = 0; first < count; first += kRun) {
    const size_t end = first + kRun < count ? first + kRun : count;
    auto squares_of_p = spread(T{0}), squares_of_u = spread(T{0});
    size_t i = first;
    for (; i + kLanes <= end; i += kLanes) {
      const auto a = load(p + i), u = load(g + i) + decay * a;
      squares_of_p += a * a;
      squares_of_u += u * u;
    }
    for (size_t lane = 0; lane < kLanes; ++lane) {
      *of_p += static_cast<double>(squares_of_p[lane]);
      *of_update += static_cast<double>(squares_of_u[lane]);
    }
    for (; i < end; ++i) {
      const double a = p[i], u = g[i] + decay * p[i];
      *of_p += a * a;
      *of_update += u * u;
    }
  }
}

template <class T>
DIRECTCLR_INLINE void make_update(T* p, const T* g, T* b, size_t count, T decay, T momentum, T trust, T rate) {
  constexpr size_t kLanes = kBytes / sizeof(T);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const auto a = load(p + i), u = load(g + i) + decay * a, kept = momentum * load(b + i) + trust * u;
    store(b + i, kept);
    store(p + i, a - rate * kept);
  }
  for (; i < count; ++i) {
    b[i] = momentum * b[i] + trust * (g[i] + decay * p[i]);
    p[i] -= rate * b[i];
  }
}

// A template would not be compiled for the wider registers.
#define DIRECTCLR_MOMENTUM_KERNELS(T)                                                                \
  void T##_squares(const T* p, const T* g, size_t count, T decay, double* of_p, double* of_update) { \
    add_squares(p, g, count, decay, of_p, of_update);                                                \
  }                                                                                                  \
  void T##_update(T* p, const T* g, T* b, size_t count, T decay, T momentum, T trust, T rate) {      \
    make_update(p, g, b, count, decay, momentum, trust, rate);                                       \
  }
DIRECTCLR_MOMENTUM_KERNELS(float)
DIRECTCLR_MOMENTUM_KERNELS(double)
#undef DIRECTCLR_MOMENTUM_KERNELS

constexpr AllMomentumKernels kKernels = {{float_squares, float_update}, {double_squares, double_update}};

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
const AllMomentumKernels& momentum_kernels(int register_bytes) {
  return DIRECTCLR_VARIANTS(kKernels).required(register_bytes);
}
#endif

}  // namespace directclr::optim
