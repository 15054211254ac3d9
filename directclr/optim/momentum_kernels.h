#pragma once

#include <cstddef>

#include "directclr/core/dispatch.h"

namespace directclr::optim {

/// Inner loops of SGD with momentum and of LARS over parameters p, their gradients g and momentum buffers b, dense.
/// Contract (core/dispatch.h): fused where the processor fuses, the same to rounding at every width.
template <class T>
struct MomentumKernels {
  /// |p|^2 and |g + decay p|^2.
  void (*squares)(const T* p, const T* g, size_t count, T decay, double* of_p, double* of_update);

  /// b = momentum b + trust (g + decay p), p = p - rate b.
  void (*update)(T* p, const T* g, T* b, size_t count, T decay, T momentum, T trust, T rate);
};

struct AllMomentumKernels {
  MomentumKernels<float> of_float;
  MomentumKernels<double> of_double;

  const MomentumKernels<float>& of(float) const { return of_float; }
  const MomentumKernels<double>& of(double) const { return of_double; }
};

/// The kernels for registers of that many bytes: 16, 32 or 64, no more than the processor has (std::invalid_argument).
const AllMomentumKernels& momentum_kernels(int register_bytes = vector_bytes());

}  // namespace directclr::optim
