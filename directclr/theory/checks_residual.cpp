// Beyond the paper: what a loss on a sub-vector teaches the channels that it does not see, through the residual blocks
// of the last stage.
#include "directclr/theory/check_registry.h"
#include "directclr/theory/contrast_matrix.h"
#include "directclr/theory/descent.h"
#include "directclr/theory/integrate.h"
#include "directclr/theory/random.h"
#include "directclr/theory/residual_stage.h"

namespace directclr::theory {
namespace {

std::vector<Matrix> gradient_of(const Network& stage, const Views& views) {
  NetworkGradient gradient({});
  std::vector<Matrix> rates;
  stage_gradient(gradient, stage, views, rates);
  return rates;
}

Network flow_of_stage(const Network& start, const Views& views, double t) {
  Network stage = start;
  const Vector end = integrate(
      [&](const Vector& state, Vector& rate) {
        unpack(state, stage.weights);
        rate = -pack(gradient_of(stage, views));
      },
      pack(start.weights), t, {1e-11, 1e-13});
  unpack(end, stage.weights);
  return stage;
}

// d^2 E / dt^2 of the flow, by the change of the rates along themselves.
Matrix second_derivative_of_encoder(const Network& stage, const Views& views) {
  constexpr double kStep = 1e-5;
  const std::vector<Matrix> rates = gradient_of(stage, views);
  const auto at = [&](double step) {
    Network moved = stage;
    for (size_t l = 0; l < rates.size(); ++l) moved.weights[l] -= step * rates[l];
    return Matrix(-gradient_of(moved, views)[0]);
  };
  return (at(kStep) - at(-kStep)) / (2 * kStep);
}

}  // namespace

Check check_subvector(const CheckSettings& settings) {
  Check check{
      "",
      "Beyond the paper: channels that a sub-vector loss does not see",
      "Rows of the last residual block that write to channels beyond d0 never move; those channels of the stage's "
      "input "
      "start to learn only at second order, at a rate that grows with the root of the number of blocks.",
      "r = (I + B_L) .. (I + B_1) E x, B_l(0) = 0, loss on r[0:d0]:  B_L[d0:, :] = const,  E_2'(0) = 0,  "
      "E_2''(0) = L E_2 G^T G",
      {{"rows of B_L beyond d0: largest change after time 3", 1e-12},
       {"rows of E beyond d0: rate at the start, relative to the others'", 1e-14},
       {"their second derivative at the start against L E_2 G^T G, L = 1, 2, 4, relative", 1e-6},
       {"channels that start at zero: largest entry of E_2 after time 3", 1e-12},
       {"drift of (I + B_1)^T (I + B_1) - E E^T over time 3, relative", 1e-8},
       {"d0 random combinations of channels against a sub-vector of rotated channels: r after time 3, relative", 1e-8}},
      {{"blocks that start at zero (random B): rate of E_2 at the start, relative to E_1's", 0.02},
       {"a loss of channels (of d0 random combinations of them): rate of B_L's rows beyond d0, relative", 0.05},
       {"the last measure, blocks that start at the same random B in both", 0.02}},
      "The paper's Figures 8 and 10 argue that residual connections carry the gradient to the rest of r. They do, but "
      "not "
      "in the last block, and late: with G held fixed E_2(t) = E_2(0) cosh(sqrt(L) t (G^T G)^(1/2)). A fixed low-rank "
      "projector, d0 random combinations of channels, teaches every channel something and leaves D - d0 combinations "
      "as untaught: it is the same training in rotated channels. What tells channels apart in a network is not linear.",
      false};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 17);
    const Index n = 5 + trial % 3, d0 = 2 + trial % 2, unseen = n - d0;
    const Views views = normal_views(random, n, 32, n / 2, 0.2);
    const Matrix encoder = normal(random, n, n) / 2, zero = Matrix::Zero(n, n), seen = sub_vector(d0, n);
    const auto largest = [](const Matrix& matrix) { return matrix.cwiseAbs().maxCoeff(); };

    for (const int blocks : {1, 2, 4}) {
      const Network start = residual_stage(encoder, std::vector<Matrix>(static_cast<size_t>(blocks), zero), seen);
      const std::vector<Matrix> rates = gradient_of(start, views);
      check.measures[1].see(largest(rates[0].bottomRows(unseen)) / largest(rates[0].topRows(d0)));
      // At the start r = E x, and the loss is that of the linear model with weights E_1.
      const Matrix g = -encoder.topRows(d0) * contrast_matrix(encoder.topRows(d0), views) / 32;
      check.measures[2].see(relative_difference(second_derivative_of_encoder(start, views).bottomRows(unseen),
                                                blocks * encoder.bottomRows(unseen) * g.transpose() * g));
      const Network end = flow_of_stage(start, views, 3);
      const size_t last = static_cast<size_t>(blocks);
      check.measures[0].see(largest((end.weights[last] - start.weights[last]).bottomRows(unseen)));
      const auto conserved = [](const Network& stage) {
        return Matrix(stage.weights[1].transpose() * stage.weights[1] -
                      stage.weights[0] * stage.weights[0].transpose());
      };
      check.measures[4].see(relative_difference(conserved(end), conserved(start)));
    }

    Matrix silent = encoder;
    silent.bottomRows(unseen).setZero();
    const Network quiet = flow_of_stage(residual_stage(silent, {zero, zero}, seen), views, 3);
    check.measures[3].see(largest(quiet.weights[0].bottomRows(unseen)));

    const std::vector<Matrix> anywhere = gradient_of(residual_stage(encoder, {normal(random, n, n) / 2}, seen), views);
    check.counterexamples[0].see(largest(anywhere[0].bottomRows(unseen)) / largest(anywhere[0].topRows(d0)));
    const Matrix rotation = random_combinations(random, n, n);
    const std::vector<Matrix> turned = gradient_of(residual_stage(encoder, {zero}, rotation.topRows(d0)), views);
    check.counterexamples[1].see(largest(turned[1].bottomRows(unseen)) / largest(turned[1].topRows(d0)));
    // How far apart r ends, in the same coordinates, of the combinations and of the sub-vector of rotated channels.
    const auto apart = [&](const Matrix& block) {
      const auto end_of_r = [&](const Matrix& e, const Matrix& projector) {
        const Network end = flow_of_stage(residual_stage(e, {block, block}, projector), views, 3);
        return Matrix(end.weights[2] * end.weights[1] * end.weights[0]);
      };
      return relative_difference(rotation * end_of_r(encoder, rotation.topRows(d0)),
                                 end_of_r(rotation * encoder, seen));
    };
    check.measures[5].see(apart(zero));
    check.counterexamples[2].see(apart(normal(random, n, n) / 4));
  }
  return check;
}

}  // namespace directclr::theory
