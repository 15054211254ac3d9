#pragma once

#include <vector>

#include "directclr/array/array.h"

namespace directclr::linalg {

/// How singular values are found.
enum class SvdMethod {
  /// From the eigenvalues of the smaller of A^T A and A A^T, in float64: fast. Their error, some roundings of the
  /// largest,
  /// is that of squares: a value sigma is right to about 1e-16 sigma_1^2 / sigma, and below 5e-8 of the largest
  /// nothing can be seen.
  kGram,
  /// By bidiagonalisation: each right to some 1e-15 of the largest; several times slower.
  kExact
};

/// Singular values of a matrix (m, n), m, n >= 1, floating and finite, descending: min(m, n) of them.
/// Throws NumericalError when a value is not finite, std::invalid_argument for another shape or type.
std::vector<double> singular_values(const array::Array& matrix, SvdMethod method);

/// A = U diag(sigma) V^T with r = min(m, n). Vectors are orthogonal to some 1e-9; those that belong to no singular
/// value above 1e-7 of the largest complete the others in some way.
struct Svd {
  array::Array u;             ///< (r, m) float64: left singular vectors, in rows
  std::vector<double> sigma;  ///< (r), descending
  array::Array v;             ///< (r, n) float64: right singular vectors, in rows
};
/// By SvdMethod::kGram. Requires and throws as singular_values does.
Svd thin_svd(const array::Array& matrix);

}  // namespace directclr::linalg
