#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "directclr/core/dispatch.h"

namespace directclr::spectrum {

/// Eigenvalues of symmetric matrices, largest first, in float64; the error of each is a small multiple of machine
/// epsilon times the largest in magnitude. The same result on any number of threads. `upper` (n, n): float64 on the
/// CPU, contiguous, n >= 1; what lies below its diagonal is not looked at. Besides it n^2 / 2 numbers are held.
///
/// Householder's reduction to tridiagonal form in blocks (Dongarra, Sorensen and Hammarling 1989), on the triangle
/// alone, then bisection. Throws NumericalError when a value is not finite.
/// register_bytes: see add_scatter.
std::vector<double> symmetric_eigenvalues(const at::Tensor& upper, int register_bytes = vector_bytes());

/// Those of a matrix A, and those of A + v v^T, for hardly more than the work of one: with v turned onto an axis, the
/// tridiagonal forms of the two differ in one number. v (n): float64, contiguous, on the CPU.
std::pair<std::vector<double>, std::vector<double>> symmetric_eigenvalues_with(const at::Tensor& upper,
                                                                               const at::Tensor& v,
                                                                               int register_bytes = vector_bytes());

}  // namespace directclr::spectrum
