#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "directclr/spectrum/metrics.h"

namespace directclr::spectrum {

/// What one pass over feature rows (N, D) says of them, with how it was taken. Free of tensors.
struct SpectrumSummary {
  /// Covariance eigenvalues, descending. Those up to `floor` are 0 where it lies below kDead of the largest: they are
  /// dead, whatever they were. Above that they are as measured, since rounding can have made them or not.
  std::vector<double> values;
  double floor = 0;  ///< eigenvalues that rounding alone makes, of the rows' type and of the sums, lie below this
  double effective_rank_sigma = 0;
  double effective_rank_lambda = 0;
  double participation_ratio = 0;
  double stable_rank = 0;
  double cumulative_area = 0;
  double condition_number = 0;
  PowerLaw power_law;             ///< over ranks 11 .. 100
  std::vector<double> uncentred;  ///< eigenvalues of Z^T Z / N of the rows as they are, descending
  double rankme = 0;              ///< of the rows as they are, not centred; epsilon 0
  /// Mean over the dimensions of the standard deviation of z / |z|, times sqrt(D) (SimSiam, Sec. 4.1): 1 for an
  /// isotropic Gaussian, 0 when all rows point the same way. It is of the columns: a rotation changes it.
  double normalized_std = 0;
  /// Mean cosine of the rows with their mean direction: the length of the mean of z / |z|. 0 .. 1; 1 when all rows
  /// point the same way. Does not depend on a rotation.
  double mean_cosine = 0;
  /// How far the directions z / |z| lie from their mean, root mean square, where it is known to more digits than
  /// sqrt(1 - mean_cosine^2) has; else not a number.
  double direction_spread = NAN;
  std::vector<int64_t> constant;  ///< dimensions (columns) that do not vary: variance below 1e-12 of the columns' mean
  int64_t below_1e_2 = 0;
  int64_t below_1e_4 = 0;
  int64_t below_1e_6 = 0;
  int64_t samples = 0;
  int64_t skipped = 0;  ///< rows left out because they held values that are not finite
  bool l2_normalized = false;

  int64_t dimensions() const { return static_cast<int64_t>(values.size()); }

  static constexpr double kDead = 1e-4;  ///< of the largest eigenvalue: where the measure dead-directions has its line
};

/// Of how many directions rounding hides on which side of a line at `share` of the largest eigenvalue they lie: 0 where
/// `floor` lies below the line; else those whose eigenvalue is not above `floor`, but for those that N <= D rows leave
/// at 0 for want of rows.
inline int64_t hidden_at(const SpectrumSummary& s, double share) {
  if (s.values.empty() || !(s.values.front() > 0) || s.floor <= share * s.values.front()) return 0;
  const auto below = std::count_if(s.values.begin(), s.values.end(), [&](double value) { return value <= s.floor; });
  const int64_t wanting = s.samples > 0 ? std::max<int64_t>(0, s.dimensions() - s.samples + 1) : 0;
  return std::max<int64_t>(0, below - wanting);
}

/// `below`, the number of eigenvalues below `share` of the largest; not a number where rounding hides on which side of
/// that line some lie.
inline double dead_at(const SpectrumSummary& s, double share, int64_t below) {
  return hidden_at(s, share) > 0 ? NAN : static_cast<double>(below);
}
/// The measure dead-directions: dead_at kDead of the largest.
inline double dead_directions(const SpectrumSummary& s) { return dead_at(s, SpectrumSummary::kDead, s.below_1e_4); }

}  // namespace directclr::spectrum
