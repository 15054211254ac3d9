#pragma once

#include <cstdint>

#include "directclr/core/philox.h"
#include "directclr/theory/matrix.h"

namespace directclr::theory {

/// The two views of N samples.
struct Views {
  Matrix x;        // (n, N)
  Matrix x_prime;  // (n, N)
};

/// The inputs of the laboratory: points with Gaussian coordinates, and additive Gaussian noise that makes a view of a
/// point. One-sided noise leaves x the point itself (Cov(x' - x) = K, as in the paper's text); two-sided noise is drawn
/// for both views (as in its public toy code; Cov(x' - x) = 2 K).
class GaussianData {
 public:
  /// data_covariance C and noise_covariance K: (n, n), positive semi-definite. points: how many points the data set
  /// has. Throws InputError for covariances that do not fit and for fewer than 2 points.
  GaussianData(const Matrix& data_covariance, const Matrix& noise_covariance, bool two_sided, Index points,
               uint64_t seed);

  Index dimension() const { return points_.rows(); }
  Index size() const { return points_.cols(); }
  const Matrix& points() const { return points_; }  // (n, points)

  /// Views for one iteration: `batch` points drawn with replacement (0: all points, in order) with fresh noise. A pure
  /// function of (seed, iteration). Throws InputError for a batch of 1.
  void sample(Index batch, uint32_t iteration, Views& views) const;

  /// F (n, n) with F F^T = the covariance of the points (centred, 1 / points): the singular values of W F, squared, are
  /// those of the covariance of z = W x over the whole data set, without the loss of digits that forming it brings.
  const Matrix& covariance_factor() const { return factor_; }

 private:
  uint64_t seed_;
  bool two_sided_;
  Matrix points_;      // (n, points)
  Matrix factor_;      // (n, n)
  Matrix noise_root_;  // (n, n)
  bool noise_is_diagonal_;
};

}  // namespace directclr::theory
