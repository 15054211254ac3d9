#pragma once

#include <ATen/core/Tensor.h>

#include "directclr/core/dispatch.h"

namespace directclr::spectrum {

/// Adds sum_i (z_i - mean)(z_i - mean)^T + shift shift^T to what `scatter` holds on and above its diagonal; what it
/// holds below stays or becomes meaningless. Products and sums are float64, fused where the processor does that. The
/// same result on any number of threads. rows (n >= 1, D): floating, on the CPU. mean, shift (D), scatter (D, D):
/// float64, contiguous. register_bytes: the width of the registers to use, 16, 32 or 64, no more than the processor
/// has; for tests.
void add_scatter(const at::Tensor& rows, const at::Tensor& mean, const at::Tensor& shift, at::Tensor& scatter,
                 int register_bytes = vector_bytes());

}  // namespace directclr::spectrum
