#pragma once

#include <span>
#include <utility>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/dispatch.h"

namespace directclr::linalg {

/// Eigenvalues of symmetric matrices, largest first, in float64; the error of each is a small multiple of machine
/// epsilon times the largest in magnitude. The same result on any number of threads. `upper` (n, n): float64,
/// contiguous, n >= 1; what lies below its diagonal is not looked at. Besides it n^2 / 2 numbers are held.
///
/// Reduction to tridiagonal form (tridiagonal_reduction.h), then bisection. Throws NumericalError when a value is not
/// finite. register_bytes: see add_scatter.
std::vector<double> symmetric_eigenvalues(const array::Array& upper, int register_bytes = vector_bytes());

/// Those of A, and those of A + v v^T, for hardly more than the work of one: with v turned onto an axis, one
/// tridiagonalisation serves both. v (n).
std::pair<std::vector<double>, std::vector<double>> symmetric_eigenvalues_with(const array::Array& upper,
                                                                               std::span<const double> v,
                                                                               int register_bytes = vector_bytes());

/// Eigenvalues and, in the rows of `vectors` (n, n), the eigenvectors that belong to them, of length 1, orthogonal to
/// some 1e-11. Vectors of eigenvalues that lie within roundings of one another are some basis of the space that they
/// share.
///
/// Inverse iteration on the tridiagonal form, made orthogonal among neighbouring eigenvalues; where that fails, which
/// is checked, implicit QR steps (Eigen).
struct SymmetricEigen {
  std::vector<double> values;
  array::Array vectors;
};
SymmetricEigen symmetric_eigenvectors(const array::Array& upper, int register_bytes = vector_bytes());

}  // namespace directclr::linalg
