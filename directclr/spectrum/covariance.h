#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "directclr/dist/group.h"

namespace directclr::spectrum {

/// Mean and covariance of rows that arrive in blocks, in float64, in one pass.
/// Math:   each block's mean and centred scatter are merged into the running ones (Chan, Golub, LeVeque 1983), so no
///         large sum is ever subtracted from another; error about machine epsilon times the scatter's norm.
/// Memory: O(D^2) whatever the number of rows.
class Covariance {
 public:
  explicit Covariance(int64_t dimensions);

  /// Adds rows (n, D), any floating type and device; n = 0 is allowed.
  /// Throws NumericalError when a value is not finite.
  void add(const at::Tensor& rows);

  /// Adds the rows that another of the same width has seen.
  void add(const Covariance& other);

  /// Merges the rows of all processes of a group, on all of them. D x D numbers travel, whatever the number of rows.
  void merge(const dist::Group& group);

  int64_t count() const { return count_; }
  const at::Tensor& mean() const { return mean_; }  // (D) float64 on the CPU

  /// C = (1/N) sum_i (z_i - mean)(z_i - mean)^T, paper Eqn 1.  (D, D) float64. Requires count >= 1.
  at::Tensor matrix() const;

  /// C's diagonal: (D) float64. Requires count >= 1.
  at::Tensor variance() const;

  /// Eigenvalues, largest first, of C and of (1/N) sum_i z_i z_i^T = C + mean mean^T, without a copy of either; what
  /// rounding leaves below zero is 0. Requires count >= 1.
  std::pair<std::vector<double>, std::vector<double>> spectra() const;

 private:
  int64_t count_ = 0;
  at::Tensor mean_;     // (D)
  at::Tensor scatter_;  // (D, D), right on and above the diagonal
};

}  // namespace directclr::spectrum
