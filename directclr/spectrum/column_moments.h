#pragma once

#include <ATen/core/Tensor.h>

namespace directclr::spectrum {

// Sums over the rows of a block, in float64 whatever the rows' type, each in one sweep: the passes over large files
// that are not matrix products. The same result on any number of threads. Rows (n, D): floating, on the CPU, finite or
// not.

/// Lengths |z_i| of the rows: (n) float64. Not finite exactly where a row is not, or overflows float64.
at::Tensor row_lengths(const at::Tensor& rows);

/// Adds, for rows divided by their lengths, sum_i z_i to `sum` and sum_i z_i^2 to `squares`, (D) float64 each.
/// A length under 1e-12 counts as that.
void add_unit_sums(const at::Tensor& rows, const at::Tensor& lengths, at::Tensor& sum, at::Tensor& squares);

/// Mean of the rows: (D) float64. Requires n >= 1.
at::Tensor mean_of(const at::Tensor& rows);

/// The rows as all this works on them: contiguous, float64 or float32, in which float16 and bfloat16 are exact.
at::Tensor plain_rows(const at::Tensor& rows);

}  // namespace directclr::spectrum
