#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "directclr/array/array.h"

namespace directclr::spectrum {

/// Mean and covariance of rows that arrive in blocks, in float64, in one pass.
/// Math:   each block's mean and centred scatter are merged into the running ones (Chan, Golub, LeVeque 1983), so no
///         large sum is ever subtracted from another; error about machine epsilon times the scatter's norm.
/// Memory: O(D^2) whatever the number of rows.
class Covariance {
 public:
  /// What is known of the rows so far.
  struct Sums {
    int64_t count = 0;
    array::Array mean;     ///< (D) float64
    array::Array scatter;  ///< (D, D) float64: sum_i (z_i - mean)(z_i - mean)^T, right on and above the diagonal
  };

  explicit Covariance(int64_t dimensions);
  /// Goes on from sums that were taken elsewhere.
  explicit Covariance(Sums sums);

  /// Adds rows (n, D), any floating type; n = 0 is allowed. Throws NumericalError when a value is not finite,
  /// std::invalid_argument for rows of another width.
  void add(const array::Array& rows);

  /// Adds the rows that another of the same width has seen.
  void add(const Covariance& other);

  int64_t count() const { return sums_.count; }
  int64_t dimensions() const { return sums_.mean.size(0); }
  const Sums& sums() const { return sums_; }

  // What follows requires count >= 1 (std::invalid_argument).

  /// C = (1/N) sum_i (z_i - mean)(z_i - mean)^T, paper Eqn 1.  (D, D) float64.
  array::Array matrix() const;

  /// C's diagonal: (D).
  std::vector<double> variance() const;

  /// Eigenvalues, largest first, of C and of (1/N) sum_i z_i z_i^T = C + mean mean^T, without a copy of either; what
  /// rounding leaves below zero is 0.
  std::pair<std::vector<double>, std::vector<double>> spectra() const;

 private:
  double checked_count() const;
  Sums sums_;
};

}  // namespace directclr::spectrum
