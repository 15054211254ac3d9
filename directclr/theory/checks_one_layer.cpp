// Collapse from strong augmentation: Theorem 1 and its corollary, on one linear layer.

#include "directclr/theory/check_registry.h"
#include "directclr/theory/contrast_matrix.h"
#include "directclr/theory/descent.h"
#include "directclr/theory/eigensystem.h"
#include "directclr/theory/integrate.h"
#include "directclr/theory/random.h"
#include "directclr/theory/singular_dynamics.h"

namespace directclr::theory {
namespace {

// The flow dW/dt = W X with a fixed X, integrated to time t.
Matrix fixed_flow(const Matrix& w, const Matrix& x, double t) {
  std::vector<Matrix> layers = {w};
  const Flow flow = [&](const Vector& state, Vector& rate) {
    std::vector<Matrix> at = {w};
    unpack(state, at);
    rate = pack({at[0] * x});
  };
  unpack(integrate(flow, pack(layers), t, {1e-11, 1e-13}), layers);
  return layers[0];
}

// X of a batch in which noise of variance k covers the last half of the dimensions, scaled to a largest |eigenvalue|
// of 1.
Matrix batch_contrast(RandomStream& random, const Matrix& w, Index samples, double k) {
  const Views views = normal_views(random, w.cols(), samples, w.cols() / 2, k);
  const Matrix x = contrast_matrix(w, views);
  return x / Eigensystem(x).eigenvalues().cwiseAbs().maxCoeff();
}

}  // namespace

Check check_theorem1(const CheckSettings& settings) {
  Check check{
      "",
      "Theorem 1: strong augmentation makes singular values vanish",
      "With X fixed, W follows a matrix exponential; along an eigenvector of X with a negative eigenvalue it dies away "
      "at that eigenvalue's rate.",
      "dW/dt = W X  =>  W(t) = W(0) exp(X t);  |W(t) u| = e^(lambda t) |W(0) u|",
      {{"integrated flow against W(0) exp(X t), relative", 1e-7},
       {"|W(t) u| against e^(lambda t) |W(0) u| over the negative eigenvalues, relative", 1e-5}},
      {{"a negative eigenvalue (k = 0): smallest |W(t) u| / |W(0) u|", 1},
       {"noise on one view only (k = 4 on both): smallest |W(t) u| / |W(0) u|", 1}},
      "The positive directions of a fixed X grow without bound, so W has no limit and 'W(infinity)' is to be read "
      "direction by direction. In training X is not fixed: alpha sharpens as the embeddings spread, and X goes to zero "
      "along the directions that have grown (the figures show both)."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 6);
    const Index n = 4 + 2 * (trial % 3);
    const Matrix w = normal(random, n, n) / 4;
    const Matrix x = batch_contrast(random, w, 200, 8);
    const Eigensystem system(x);
    const double t = 10;
    const Matrix exponential = system.eigenvectors() * (system.eigenvalues() * t).array().exp().matrix().asDiagonal() *
                               system.eigenvectors().transpose();
    const Matrix at_t = fixed_flow(w, x, t);
    check.measures[0].see(relative_difference(at_t, w * exponential));
    const auto shrinking = [&](const Matrix& end, const Eigensystem& s, Index k) {
      return (end * s.eigenvectors().col(k)).norm() / (w * s.eigenvectors().col(k)).norm();
    };
    for (Index k = 0; k < n && system.eigenvalues()(k) < 0; ++k) {
      check.measures[1].see(std::abs(shrinking(at_t, system, k) / std::exp(system.eigenvalues()(k) * t) - 1));
    }
    const Eigensystem calm(batch_contrast(random, w, 200, 0));
    const Matrix calm_x = calm.eigenvectors() * calm.eigenvalues().asDiagonal() * calm.eigenvectors().transpose();
    check.counterexamples[0].see(shrinking(fixed_flow(w, calm_x, t), calm, 0));
    // Noise on both views: small weights, so that alpha is nearly uniform as in the statement on the threshold.
    Views both = normal_views(random, n, 1000, n / 2, 4);
    both.x.bottomRows(n / 2) += 2 * normal(random, n / 2, 1000);
    Matrix both_x = contrast_matrix(w * 1e-3, both);
    both_x /= both_x.norm();
    const Eigensystem noisy(both_x);
    check.counterexamples[1].see(shrinking(fixed_flow(w, both_x, t), noisy, 0));
  }
  return check;
}

Check check_corollary1(const CheckSettings& settings) {
  Check check{
      "",
      "Corollary 1: the covariance of the embeddings loses rank",
      "Under Theorem 1's flow as many eigenvalues of Cov(z) go to zero as X has negative eigenvalues.",
      "C(t) = W(t) Cov(x) W(t)^T;  #{values of C(t) below 1e-6 of the smallest of C(0)} = #{lambda < 0}",
      {{"difference between the two counts", 0}},
      {{"a negative eigenvalue (k = 0): smallest value of C(t) over the smallest of C(0)", 1}},
      "The count is absolute. Relative to the largest value, every direction but the fastest-growing one dies away "
      "under a fixed X, definite or not, so 'low-rank relative to the largest' would prove nothing."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 7);
    const Index n = 4 + 2 * (trial % 3);
    const Matrix w = random_orthogonal(random, n) / 4;
    for (const double k : {0.0, 8.0}) {
      const Matrix x = batch_contrast(random, w, 300, k);
      const Vector rates = Eigensystem(x).eigenvalues();
      const Index negative = (rates.array() < 0).count();
      // Long enough for the slowest of the negative directions to fall by a factor of 1e4, 1e8 in the covariance.
      const double t = negative > 0 ? std::log(1e4) / -rates(negative - 1) : 10;
      const double floor = std::pow(singular_values(w).minCoeff(), 2);
      const Vector values = singular_values(fixed_flow(w, x, std::min(t, 60.0))).cwiseAbs2();
      if (k > 0) {
        check.measures[0].see(std::abs(static_cast<double>((values.array() < 1e-6 * floor).count() - negative)));
      } else {
        check.counterexamples[0].see(values.minCoeff() / floor);
      }
    }
  }
  return check;
}

}  // namespace directclr::theory
