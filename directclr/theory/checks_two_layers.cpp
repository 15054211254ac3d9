// Collapse from implicit regularisation: what two layers conserve, how they align, how their singular values grow.

#include "directclr/core/error.h"
#include "directclr/theory/check_registry.h"
#include "directclr/theory/contrast_matrix.h"
#include "directclr/theory/covariance_matrix.h"
#include "directclr/theory/descent.h"
#include "directclr/theory/random.h"
#include "directclr/theory/singular_dynamics.h"
#include "directclr/theory/two_layer_flow.h"

namespace directclr::theory {
namespace {

// W_l W_l^T - W_{l+1}^T W_{l+1} for every pair of neighbours, one under the other.
Matrix conserved(const std::vector<Matrix>& weights) {
  Matrix result(0, weights[0].rows());
  for (size_t l = 0; l + 1 < weights.size(); ++l) {
    const Matrix difference = weights[l] * weights[l].transpose() - weights[l + 1].transpose() * weights[l + 1];
    Matrix longer(result.rows() + difference.rows(), difference.cols());
    longer << result, difference;
    result = longer;
  }
  return result;
}

Vector geometric(Index n, double first, double ratio) {
  Vector s(n);
  for (Index k = 0; k < n; ++k) s(k) = first * std::pow(ratio, static_cast<double>(k));
  return s;
}

Matrix diagonal(const Vector& values) { return values.asDiagonal(); }

// By how much the angle between v2_k and u1_k exceeds what the conserved difference C allows. M1 = W1 W1^T = M2 + C
// with M2 = W2^T W2, so (M1 - sigma2_k^2) v2_k = C v2_k, and the part of v2_k that leaves u1_k has sine at most |C
// v2_k| / min_{j != k} |sigma1_j^2 - sigma2_k^2|.
double excess_over_gap_bound(const TwoLayerState& state) {
  const Svd first = svd(state.w1), second = svd(state.w2);
  const Matrix c = state.w1 * state.w1.transpose() - state.w2.transpose() * state.w2;
  double worst = -1;
  for (Index k = 0; k < first.s.size(); ++k) {
    double gap = INFINITY;
    for (Index j = 0; j < first.s.size(); ++j) {
      if (j != k) gap = std::min(gap, std::abs(first.s(j) * first.s(j) - second.s(k) * second.s(k)));
    }
    const double cosine = first.u.col(k).dot(second.v.col(k));
    const double sine = (second.v.col(k) - cosine * first.u.col(k)).norm();
    worst = std::max(worst, sine - (c * second.v.col(k)).norm() / gap);
  }
  return worst;
}

}  // namespace

Check check_conservation(const CheckSettings& settings) {
  Check check{"",
              "Conservation law (Appendix B.5)",
              "The difference of the layers' Gram matrices never changes along the gradient flow.",
              "W_l W_l^T - W_{l+1}^T W_{l+1} = const",
              {{"drift along the adaptive flow, 2 and 4 layers, relative", 1e-8},
               {"gradient descent (Euler): |1 - order at which the drift falls with the step|", 0.25},
               {"fourth-order Runge-Kutta: 4 - order at which the drift falls with the step", 0.5}},
              {{"linearity: drift with ReLU between the layers, relative", 1e-3}},
              "Gradient descent conserves it only up to its learning rate: the drift is of first order in it."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 12);
    const Index n = 4 + trial % 3;
    const Views views = normal_views(random, n, 16, n / 2, 0.5);
    const auto drift = [&](const Network& start, const std::function<Vector(const Flow&, const Vector&)>& integrator) {
      std::vector<Matrix> end = start.weights;
      unpack(integrator(batch_flow(start, views), pack(start.weights)), end);
      return relative_difference(conserved(end), conserved(start.weights));
    };
    const auto adaptive = [](const Flow& flow, const Vector& state) {
      return integrate(flow, state, 2, {1e-11, 1e-13});
    };
    Network network;
    for (int l = 0; l < 4; ++l) network.weights.push_back(normal(random, n, n) / 2);
    check.measures[0].see(drift(network, adaptive));
    network.weights.resize(2);
    check.measures[0].see(drift(network, adaptive));
    const auto order = [&](FixedStep method, int steps) {
      const auto at = [&](int count) {
        return drift(network, [&](const Flow& f, const Vector& s) { return integrate_fixed(f, s, 2, count, method); });
      };
      return std::log2(at(steps) / at(2 * steps));
    };
    check.measures[1].see(std::abs(order(FixedStep::kEuler, 400) - 1));
    check.measures[2].see(4 - order(FixedStep::kRungeKutta4, 80));
    network.relu = true;
    // The kinks of a ReLU cost an integrator its order, not its convergence.
    check.counterexamples[0].see(drift(network, [](const Flow& f, const Vector& s) {
      return integrate_fixed(f, s, 2, 500, FixedStep::kRungeKutta4);
    }));
  }
  return check;
}

Check check_theorem2(const CheckSettings& settings) {
  Check check{
      "",
      "Theorem 2: weight matrices align",
      "With X positive definite and distinct singular values, the right vectors of W2 and the left vectors of W1 "
      "become "
      "the same.",
      "A = V2^T U1 -> I (absolute values), because W1 W1^T - W2^T W2 stays while the norms grow",
      {{"layers balanced at the start stay aligned: mean off-diagonal |A| after time 3", 1e-5},
       {"flow on data to time 60, pairs whose squared values exceed 50 |C|: 1 - |A_kk|", 0.01},
       {"sine of the angle between v2_k and u1_k in excess of |C v2_k| / gap, over the flow", 1e-9},
       {"fixed X = I: sigma(t) against sigma / sqrt(1 - 2 sigma^2 t), at 0.9 of the time it blows up, relative", 1e-6}},
      {{"X positive definite (two of X's four values negative): mean off-diagonal |A| at the end", 0.05},
       {"distinct singular values (two equal pairs): largest entry of |A| off the diagonal, inside the blocks", 0.1},
       {"growth of every direction (two small pairs, turned by 45 degrees, at time 60): 1 - |A_kk|", 0.05}},
      "The proof lets all norms go to infinity. Under Eqn 2 they do not: X fades as the embeddings separate, and with "
      "a "
      "fixed definite X the flow blows up in finite time, the largest value first. What holds is relative: the "
      "conserved "
      "difference C limits each pair's angle to |C| over the gap of the squared values. Directions that outgrow their "
      "start align; those that stay small, which are the collapsed ones, need not. Equal values leave A block-diagonal "
      "(here with blocks of two, and the rest zero to 1e-6)."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 13);
    const Index n = 4;
    Views views = normal_views(random, n, 48, 0, 0);
    views.x = geometric(n, 1.5, 0.8).asDiagonal() * views.x;
    views.x_prime = views.x + 0.1 * normal(random, n, 48);
    const Vector s = geometric(n, 0.8, 0.7);
    const TwoLayerState balanced = flow_on_batch(aligned_layers(random, s, s), views, 3);
    check.measures[0].see(mean_off_diagonal(alignment(svd(balanced.w1), svd(balanced.w2))));

    const auto random_start = [&](double scale) {
      const auto layer = [&](double ratio) -> Matrix {
        return random_orthogonal(random, n) * geometric(n, scale, ratio).asDiagonal() * random_orthogonal(random, n);
      };
      return TwoLayerState{layer(0.7), layer(0.75)};
    };
    const TwoLayerState small = random_start(0.1);
    for (const double t : {1.0, 5.0, 20.0})
      check.measures[2].see(excess_over_gap_bound(flow_on_batch(small, views, t)));
    const TwoLayerState grown = flow_on_batch(small, views, 60);
    check.measures[2].see(excess_over_gap_bound(grown));
    const Svd first_grown = svd(grown.w1), second_grown = svd(grown.w2);
    const double c = (grown.w1 * grown.w1.transpose() - grown.w2.transpose() * grown.w2).norm();
    const Matrix met = alignment(first_grown, second_grown).cwiseAbs();
    check.measures[1].see(1 - met(0, 0));
    for (Index k = 1; k < n; ++k) {
      if (std::min(first_grown.s(k), second_grown.s(k)) > std::sqrt(50 * c)) check.measures[1].see(1 - met(k, k));
    }
    // Two pairs that start large and aligned, two that start small and turned against each other.
    TwoLayerState unequal =
        aligned_layers(random, Eigen::Vector4d(0.6, 0.5, 0.05, 0.03), Eigen::Vector4d(0.6, 0.5, 0.05, 0.03));
    Svd second_layer = svd(unequal.w2);
    Matrix eighth = Matrix::Identity(n, n);
    eighth.bottomRightCorner(2, 2) << std::sqrt(0.5), -std::sqrt(0.5), std::sqrt(0.5), std::sqrt(0.5);
    unequal.w2 = second_layer.u * second_layer.s.asDiagonal() * (second_layer.v * eighth).transpose();
    unequal = flow_on_batch(unequal, views, 60);
    check.counterexamples[2].see(1 - alignment(svd(unequal.w1), svd(unequal.w2)).cwiseAbs().diagonal().minCoeff());

    // sigma' = sigma^3 for a balanced pair under X = I.
    const TwoLayerState start = aligned_layers(random, s, s);
    const double t = 0.9 / (2 * s(0) * s(0));
    const Vector predicted = (s.array() / (1 - 2 * s.array().square() * t).sqrt()).matrix();
    const TwoLayerState end = flow_with_fixed_contrast(start, Matrix::Identity(n, n), t);
    check.measures[3].see(relative_difference(svd(end.w1).s, predicted));

    const TwoLayerState indefinite =
        flow_with_fixed_contrast(random_start(0.3), diagonal(Eigen::Vector4d(1, 0.5, -0.5, -1)), 4);
    check.counterexamples[0].see(mean_off_diagonal(alignment(svd(indefinite.w1), svd(indefinite.w2))));

    // Equal values in blocks of two, and bases turned against each other inside the blocks.
    const Vector pairs = Eigen::Vector4d(0.8, 0.8, 0.4, 0.4);
    TwoLayerState turned = aligned_layers(random, pairs, pairs);
    turned = flow_with_fixed_contrast(turned, Matrix::Identity(n, n), 0.5);
    // Within a block a decomposition may take any basis: this one turns the first layer's by 45 degrees.
    Svd first = svd(turned.w1);
    const Svd second = svd(turned.w2);
    Matrix turn = Matrix::Identity(n, n);
    turn.topLeftCorner(2, 2) =
        alignment(first, second).topLeftCorner(2, 2).transpose() * eighth.bottomRightCorner(2, 2);
    first.u = first.u * turn;
    first.v = first.v * turn;
    const bool still_a_decomposition =
        relative_difference(first.u * first.s.asDiagonal() * first.v.transpose(), turned.w1) < 1e-6;
    const Matrix a = alignment(first, second).cwiseAbs();
    const double outside = std::max(a.topRightCorner(2, 2).maxCoeff(), a.bottomLeftCorner(2, 2).maxCoeff());
    const double inside = std::max(a(0, 1), a(1, 0));
    check.counterexamples[1].see(still_a_decomposition && outside < 1e-6 ? std::min(inside, a(0, 0)) : 0);
  }
  return check;
}

Check check_theorem3(const CheckSettings& settings) {
  Check check{
      "",
      "Theorem 3: singular values of aligned layers",
      "Once the layers are aligned each pair of singular values grows in proportion to itself, so small ones stay "
      "behind.",
      "d sigma1_k/dt = sigma1_k sigma2_k^2 (v1_k^T X v1_k),  d sigma2_k/dt = sigma2_k sigma1_k^2 (v1_k^T X v1_k),  "
      "sigma1_k^2 - sigma2_k^2 = const",
      {{"Eqns 10 and 11 against Lemma 7 on aligned layers, relative", 1e-10},
       {"Eqn 10 against the measured rates after time 3, balanced start, relative", 1e-4},
       {"drift of sigma1_k^2 - sigma2_k^2 over time 3, S1^2 - S2^2 = c I, relative", 1e-6}},
      {{"alignment: Eqn 10 against Lemma 7 on layers in random directions", 0.05},
       {"S1^2 - S2^2 = c I at the start: mean off-diagonal |A| after time 3", 1e-3}},
      "The text writes V2 = U1^T for V2 = U1, and solves sigma1^2 = sigma2^2 + C as sigma1' = sigma1 (sigma1^2 + C) "
      "...; it "
      "is - C. Alignment at one moment does not last: Lemma 6 with A = I gives dA/dt = 0 for every X only if S1^2 - "
      "S2^2 "
      "is a multiple of I, as it is for balanced layers."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 14);
    const Index n = 4 + trial % 3;
    const Views views = normal_views(random, n, 32, n / 2, 0.2);
    const auto contrast = [&](const TwoLayerState& s) { return contrast_matrix(s.w2 * s.w1, views); };
    const auto deviation = [&](const TwoLayerState& state) {
      const Svd first = svd(state.w1);
      Svd second = svd(state.w2);
      // The same sign for u1_k and v2_k: A = +I.
      for (Index k = 0; k < n; ++k) {
        if (first.u.col(k).dot(second.v.col(k)) < 0) {
          second.u.col(k) *= -1;
          second.v.col(k) *= -1;
        }
      }
      const Matrix x = contrast(state);
      const ValueRates exact = layer_value_rates(first, second, -state.w2 * state.w1 * x);
      const ValueRates theorem = aligned_value_rates(first, second.s, x);
      return std::max(relative_difference(theorem.first, exact.first),
                      relative_difference(theorem.second, exact.second));
    };
    check.measures[0].see(deviation(aligned_layers(random, geometric(n, 1, 0.8), geometric(n, 0.7, 0.6))));
    const Vector s = geometric(n, 0.8, 0.7);
    check.measures[1].see(deviation(flow_on_batch(aligned_layers(random, s, s), views, 3)));
    {
      const Vector larger = (s.array().square() + 0.3).sqrt();
      const TwoLayerState start = aligned_layers(random, larger, s);
      const TwoLayerState end = flow_on_batch(start, views, 3);
      const Vector before = larger.cwiseAbs2() - s.cwiseAbs2();
      check.measures[2].see(relative_difference(svd(end.w1).s.cwiseAbs2() - svd(end.w2).s.cwiseAbs2(), before));
    }
    const auto anywhere = [&](double ratio) -> Matrix {
      return random_orthogonal(random, n) * geometric(n, 1, ratio).asDiagonal() * random_orthogonal(random, n);
    };
    check.counterexamples[0].see(deviation({anywhere(0.8), anywhere(0.7)}));
    const TwoLayerState end =
        flow_on_batch(aligned_layers(random, geometric(n, 1, 0.8), geometric(n, 0.6, 0.6)), views, 3);
    check.counterexamples[1].see(mean_off_diagonal(alignment(svd(end.w1), svd(end.w2))));
  }
  return check;
}

Check check_corollary2(const CheckSettings& settings) {
  Check check{
      "",
      "Corollary 2: over-parametrised linear networks collapse without strong augmentation",
      "Two layers drive the singular values of the embedding covariance apart; one layer that starts from the same "
      "function, on the same data, draws them together.",
      "C = W2 W1 Cov(x) W1^T W2^T;  spread = smallest over largest singular value of C",
      {{"two layers, 16 wide, k = 0.1, 1,000 iterations: spread at the end over spread at the start", 0.5}},
      {{"over-parametrisation (W2 W1 as one layer): spread at the end over spread at the start", 2}},
      "Low-rank is meant approximately and at finite time: no value reaches zero, the small ones merely grow slower "
      "(Theorem 3). How small they end depends on the start: from layers with all singular values equal, none falls "
      "below "
      "a tenth of the largest in 1,000 iterations."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 17);
    const Index n = 16;
    const GaussianData data(Matrix::Identity(n, n), block_noise(n, n / 2, 0.1), false, 10000, random.bits());
    const auto layer = [&]() -> Matrix {
      return random_orthogonal(random, n) * Vector::LinSpaced(n, 0.8, 0.2).asDiagonal() * random_orthogonal(random, n);
    };
    const Network two{{layer(), layer()}, false};
    const auto spread = [&](const Network& network) {
      const Vector values = singular_values(network.product() * data.covariance_factor()).cwiseAbs2();
      return values(n - 1) / values(0);
    };
    const auto change = [&](Network network) {
      const double before = spread(network);
      descend(network, data, {}, {0.1, 1000, 128}, 1000, [](int64_t, const Network&) {}, {});
      return spread(network) / before;
    };
    check.measures[0].see(change(two));
    check.counterexamples[0].see(change({{two.product()}, false}));
  }
  return check;
}

}  // namespace directclr::theory
