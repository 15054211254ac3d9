#pragma once

#include <c10/util/BFloat16.h>

#include <cstddef>

#include "directclr/core/dispatch.h"

namespace directclr::model {

/// Inner loops of batch normalisation over numbers in rows of `width`, one after the other; the last row may be cut
/// short. What holds for a channel stands in arrays of `width`, for all rows. T is float, double or bfloat16, which is
/// computed in float.
/// Contract (core/dispatch.h): fused where the processor fuses, the same to rounding at every width.
template <class T, class Wide>
struct NormKernels {
  /// sums += x - shift, squares += (x - shift)^2, over the rows.
  void (*moments)(const T* x, size_t count, size_t width, const Wide* shift, Wide* sums, Wide* squares);

  /// y = scale x + offset, + residual where that is not null, and then, if asked, no less than 0.
  void (*normalise)(const T* x, const T* residual, T* y, size_t count, size_t width, const Wide* scale,
                    const Wide* offset, bool relu);

  /// g is grad_y, and 0 where y is given and not positive. sums += g, products += g (x - mean), over the rows; g is
  /// written to `masked` where that is not null.
  void (*gradient_sums)(const T* grad_y, const T* y, const T* x, T* masked, size_t count, size_t width,
                        const Wide* mean, Wide* sums, Wide* products);

  /// grad_x = a g + b x + c.
  void (*input_gradient)(const T* grad_y, const T* y, const T* x, T* grad_x, size_t count, size_t width, const Wide* a,
                         const Wide* b, const Wide* c);
};

/// The kernels of every type of numbers.
struct AllNormKernels {
  NormKernels<float, float> of_float;
  NormKernels<double, double> of_double;
  NormKernels<c10::BFloat16, float> of_bfloat16;

  const NormKernels<float, float>& of(float) const { return of_float; }
  const NormKernels<double, double>& of(double) const { return of_double; }
  const NormKernels<c10::BFloat16, float>& of(c10::BFloat16) const { return of_bfloat16; }
};

/// The kernels for registers of that many bytes: 16, 32 or 64, no more than the processor has (std::invalid_argument).
const AllNormKernels& norm_kernels(int register_bytes = vector_bytes());

}  // namespace directclr::model
