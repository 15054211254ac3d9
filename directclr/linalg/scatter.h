#pragma once

#include <span>

#include "directclr/array/array.h"
#include "directclr/core/dispatch.h"

namespace directclr::linalg {

// Sums of outer products over the rows of a block, in float64, fused where the processor does that; the same result on
// any number of threads. Rows are float32 or float64, contiguous. register_bytes: the width of the registers to use,
// 16, 32 or 64, no more than the processor has; for tests.

/// Adds sum_i (z_i - mean)(z_i - mean)^T + shift shift^T to what `scatter` holds on and above its diagonal; what it
/// holds below stays or becomes meaningless. rows (n >= 1, D); mean, shift (D); scatter (D, D) float64, contiguous.
void add_scatter(const array::Array& rows, std::span<const double> mean, std::span<const double> shift,
                 array::Array& scatter, int register_bytes = vector_bytes());

/// sum_i (x_i - mean_x)(y_i - mean_y)^T: (D, E) float64. x (n, D), y (n, E); mean_x (D), mean_y (E).
array::Array cross_products(const array::Array& x, std::span<const double> mean_x, const array::Array& y,
                            std::span<const double> mean_y, int register_bytes = vector_bytes());

/// x^T x of the rows as they are: (D, D) float64, right on and above the diagonal.
array::Array gram(const array::Array& rows);

/// The whole of a symmetric matrix (n, n), of which `upper` holds what lies on and above the diagonal, divided by
/// `divisor`: float64.
array::Array symmetric_from_upper(const array::Array& upper, double divisor);

/// A B: (n, k) float64. a (n, m), b (m, k): float64, contiguous.
array::Array product(const array::Array& a, const array::Array& b);

}  // namespace directclr::linalg
