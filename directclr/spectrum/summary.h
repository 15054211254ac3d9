#pragma once

#include <cstdint>
#include <vector>

#include "directclr/spectrum/metrics.h"

namespace directclr::spectrum {

/// What one pass over feature rows (N, D) says of them, with how it was taken. Free of tensors.
struct SpectrumSummary {
  std::vector<double> values;  ///< covariance eigenvalues, descending; those below `floor` are 0
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
  std::vector<int64_t> constant;  ///< dimensions (columns) that do not vary: variance below 1e-12 of the columns' mean
  int64_t below_1e_2 = 0;
  int64_t below_1e_4 = 0;
  int64_t below_1e_6 = 0;
  int64_t samples = 0;
  int64_t skipped = 0;  ///< rows left out because they held values that are not finite
  bool l2_normalized = false;

  int64_t dimensions() const { return static_cast<int64_t>(values.size()); }
};

}  // namespace directclr::spectrum
