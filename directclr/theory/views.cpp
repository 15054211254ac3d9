#include "directclr/theory/views.h"

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/theory/covariance_matrix.h"
#include "directclr/theory/random.h"

namespace directclr::theory {
namespace {

// Adds noise with covariance root root^T. Most noise is diagonal with many zeros; those rows draw no numbers.
void add_noise(const Matrix& root, bool diagonal, RandomStream random, Matrix& x) {
  if (!diagonal) {
    x += root * normal(random, x.rows(), x.cols());
    return;
  }
  Matrix row(1, x.cols());
  for (Index k = 0; k < x.rows(); ++k) {
    if (root(k, k) == 0) continue;
    fill_normal(random, row);
    x.row(k) += root(k, k) * row;
  }
}

}  // namespace

GaussianData::GaussianData(const Matrix& data_covariance, const Matrix& noise_covariance, bool two_sided, Index points,
                           uint64_t seed)
    : seed_(seed), two_sided_(two_sided) {
  const Index n = data_covariance.rows();
  if (n < 1) throw InputError("dimension", "the data need at least 1 dimension");
  if (points < 2) throw InputError("points", format("needs at least 2, not %lld", static_cast<long long>(points)));
  if (noise_covariance.rows() != n) {
    throw InputError("noise covariance",
                     format("%lld dimensions where the data have %lld", static_cast<long long>(noise_covariance.rows()),
                            static_cast<long long>(n)));
  }
  RandomStream random(seed, Purpose::kTheoryPoints);
  points_ = covariance_root(data_covariance, "data covariance") * normal(random, n, points);
  const Matrix centred = points_.colwise() - points_.rowwise().mean();
  factor_ = covariance_root(centred * centred.transpose() / static_cast<double>(points), "covariance of the points");
  noise_root_ = covariance_root(noise_covariance, "noise covariance");
  noise_is_diagonal_ = (noise_covariance - Matrix(noise_covariance.diagonal().asDiagonal())).isZero(0);
  if (noise_is_diagonal_) noise_root_ = noise_covariance.diagonal().cwiseSqrt().asDiagonal();
}

void GaussianData::sample(Index batch, uint32_t iteration, Views& views) const {
  if (batch == 1 || batch < 0)
    throw InputError("batch", format("needs at least 2 samples, not %lld", static_cast<long long>(batch)));
  if (batch == 0) {
    views.x = points_;
  } else {
    views.x.resize(dimension(), batch);
    RandomStream choice(seed_, Purpose::kTheoryBatch, iteration);
    for (Index i = 0; i < batch; ++i) views.x.col(i) = points_.col(choice.below(static_cast<uint32_t>(size())));
  }
  views.x_prime = views.x;
  add_noise(noise_root_, noise_is_diagonal_, RandomStream(seed_, Purpose::kTheoryNoise, iteration, 0, 1),
            views.x_prime);
  if (two_sided_) {
    add_noise(noise_root_, noise_is_diagonal_, RandomStream(seed_, Purpose::kTheoryNoise, iteration, 0, 0), views.x);
  }
}

}  // namespace directclr::theory
