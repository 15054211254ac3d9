#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/linalg/panels.h"
#include "directclr/linalg/tridiagonal.h"

namespace directclr::linalg {

/// Householder reflections I - tau v v^T that bring a symmetric matrix to tridiagonal form, one for each row but the
/// first: that of row k changes the elements 0 .. k - 1.
class Reflections {
 public:
  explicit Reflections(size_t n);
  /// Remembers that of row k; v holds k elements.
  void keep(size_t k, const double* v, double tau);
  /// Turns eigenvectors of the tridiagonal matrix into those of the whole one: `count` rows of `stride` elements, a
  /// multiple of 8 and no less than n, zero beyond n.
  void apply(const PanelKernels& kernels, double* vectors, size_t count, size_t stride) const;

 private:
  std::vector<size_t> starts_;  // of each row in
  std::vector<double> values_;  // v, padded with zeros to a multiple of 8
  std::vector<double> taus_;
};

/// T = Q^T A Q for A (n, n), float64, contiguous, of which what lies below the diagonal is not looked at. T is A's
/// divided by `scale`, a power of two that brings A's largest element near one. Besides A n^2 / 2 numbers are held, and
/// as many for the reflections, if they are wanted. `border` (n): one more row below A (and column beside it), whose
/// last diagonal element is 0; T then has n + 1 rows. The same result on any number of threads.
///
/// In blocks (Dongarra, Sorensen and Hammarling 1989), on the triangle alone.
/// Throws NumericalError when a value is not finite, std::invalid_argument for other shapes and types.
Tridiagonal reduce_to_tridiagonal(const array::Array& upper, std::span<const double> border,
                                  const PanelKernels& kernels, double& scale, Reflections* reflections = nullptr);

}  // namespace directclr::linalg
