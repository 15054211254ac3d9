// Propositions 1 and 2: a linear encoder W followed by each kind of linear projector P, z = P W x, both trained.
#include <optional>

#include "directclr/theory/check_registry.h"
#include "directclr/theory/contrast_matrix.h"
#include "directclr/theory/descent.h"
#include "directclr/theory/integrate.h"
#include "directclr/theory/random.h"
#include "directclr/theory/singular_dynamics.h"

namespace directclr::theory {
namespace {

// How P may move: not at all, freely, along its diagonal, or within the orthogonal matrices.
enum class Train { kFixed, kFree, kDiagonal, kOrthogonal };

struct Pair {
  Matrix encoder;    // W (D, n)
  Matrix projector;  // P (d, D)
};

// The gradient flow to time t; with the batch's own X, or with a fixed one.
Pair flow(const Pair& start, Train train, const Views& views, const std::optional<Matrix>& fixed_x, double t) {
  Network network{{start.encoder, start.projector}, false};
  NetworkGradient gradient({});
  std::vector<Matrix> rates;
  const Flow rate_of = [&](const Vector& state, Vector& rate) {
    unpack(state, network.weights);
    const Matrix& w = network.weights[0];
    const Matrix& p = network.weights[1];
    if (fixed_x) {
      const Matrix g = -p * w * *fixed_x;
      rates = {p.transpose() * g, g * w.transpose()};
    } else {
      gradient(network, views, rates);
      for (auto& r : rates) r /= static_cast<double>(views.x.cols());
    }
    if (train == Train::kFixed) rates[1].setZero();
    if (train == Train::kDiagonal) rates[1] = Matrix(rates[1].diagonal().asDiagonal());
    if (train == Train::kOrthogonal) {
      // What P = expm(A - A^T) leaves of a gradient: the skew part of P^T dP, turned back.
      const Matrix turn = p.transpose() * rates[1];
      rates[1] = p * (turn - turn.transpose()) / 2;
    }
    rate = -pack(rates);
  };
  std::vector<Matrix> end = {start.encoder, start.projector};
  unpack(integrate(rate_of, pack(end), t, {1e-11, 1e-13}), end);
  return {end[0], end[1]};
}

double difference_of_values(const Matrix& a, const Matrix& b) {
  return relative_difference(singular_values(a), singular_values(b));
}

}  // namespace

Check check_proposition1(const CheckSettings& settings) {
  Check check{"",
              "Proposition 1: a linear projector only needs to be diagonal",
              "An orthogonal factor of the projector changes nothing (exact); a diagonal projector has the "
              "singular-value dynamics "
              "of a free one once layers are aligned and X is diagonal in their basis.",
              "z = P W x:  P orthogonal ~ none;  P free ~ P diagonal",
              {{"orthogonal, trained, against none: singular values of W after time 3, relative", 1e-8},
               {"orthogonal, trained: largest change of P", 1e-9},
               {"diagonal against free, aligned, X fixed and diagonal in V1: singular values of W, relative", 1e-7},
               {"the same: singular values of P, relative", 1e-7}},
              {{"X diagonal in V1 (aligned start, X of the data): singular values of W after time 3", 1e-3},
               {"alignment (random start): singular values of W after time 3", 1e-3}},
              "Two statements in one. The first is exact by rotation invariance: Eqn 2 sees only distances, so P gets "
              "no gradient "
              "within the orthogonal matrices and W moves as without it. The second is exact only under both "
              "conditions; with the "
              "X of data the free projector's off-diagonal entries move, and the two part company."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 15);
    const Index n = 4 + trial % 3;
    const Views views = normal_views(random, n, 32, n / 2, 0.2);
    const Matrix w = normal(random, n, n) / 2;
    const Matrix rotation = random_orthogonal(random, n);
    const Matrix identity = Matrix::Identity(n, n);
    const Pair none = flow({w, identity}, Train::kFixed, views, {}, 3);
    const Pair orthogonal = flow({w, rotation}, Train::kOrthogonal, views, {}, 3);
    check.measures[0].see(difference_of_values(orthogonal.encoder, none.encoder));
    check.measures[1].see((orthogonal.projector - rotation).cwiseAbs().maxCoeff());

    // Aligned and in the diagonal's basis: W = S1 V1^T, P = S2.
    Vector s1(n), s2(n), lambda(n);
    for (Index k = 0; k < n; ++k) {
      s1(k) = 0.8 * std::pow(0.8, static_cast<double>(k));
      s2(k) = 0.7 * std::pow(0.7, static_cast<double>(k));
      lambda(k) = random.uniform(0.2, 1);
    }
    const Matrix v = random_orthogonal(random, n);
    const Pair aligned{s1.asDiagonal() * v.transpose(), s2.asDiagonal()};
    const Matrix x = v * lambda.asDiagonal() * v.transpose();
    const Pair free = flow(aligned, Train::kFree, views, x, 0.8);
    const Pair diagonal = flow(aligned, Train::kDiagonal, views, x, 0.8);
    check.measures[2].see(difference_of_values(diagonal.encoder, free.encoder));
    check.measures[3].see(difference_of_values(diagonal.projector, free.projector));

    check.counterexamples[0].see(difference_of_values(flow(aligned, Train::kDiagonal, views, {}, 3).encoder,
                                                      flow(aligned, Train::kFree, views, {}, 3).encoder));
    const Pair tilted{random_orthogonal(random, n) * aligned.encoder, aligned.projector};
    check.counterexamples[1].see(difference_of_values(flow(tilted, Train::kDiagonal, views, {}, 3).encoder,
                                                      flow(tilted, Train::kFree, views, {}, 3).encoder));
  }
  return check;
}

Check check_proposition2(const CheckSettings& settings) {
  Check check{
      "",
      "Proposition 2: a linear projector only needs to be low-rank",
      "A fixed low-rank projector U diag(1 x d0, 0) V^T and DirectCLR's diag(1 x d0, 0) give the same singular-value "
      "dynamics of the encoder, from starts that differ by the rotation V.",
      "z = U D V^T W x:  U drops out, and W~ = V^T W follows the flow of z = D W~ x",
      {{"low-rank against low-rank diagonal, rotated start: singular values of W after time 3, relative", 1e-8},
       {"the rotation itself: V^T W(t) against W~(t), relative", 1e-8},
       {"rows of W~ beyond d0 (DirectCLR's untouched channels): largest change", 1e-12}},
      {{"the rotated start (same W for both): singular values of W after time 3", 1e-3}},
      "Exact by rotation invariance for a linear encoder whose start has no preferred basis. A real encoder ends in a "
      "ReLU "
      "and a pooling, which have one: there it is a claim about experiments (Table 2), not a theorem."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 16);
    const Index n = 5 + trial % 3;
    const Index d0 = 2 + trial % 2;
    const Views views = normal_views(random, n, 32, n / 2, 0.2);
    const Matrix w = normal(random, n, n) / 2;
    const Matrix u = random_orthogonal(random, n), v = random_orthogonal(random, n);
    Matrix keep = Matrix::Zero(n, n);
    keep.diagonal().head(d0).setOnes();
    const Pair low_rank = flow({w, u * keep * v.transpose()}, Train::kFixed, views, {}, 3);
    const Pair rotated = flow({v.transpose() * w, keep}, Train::kFixed, views, {}, 3);
    check.measures[0].see(difference_of_values(low_rank.encoder, rotated.encoder));
    check.measures[1].see(relative_difference(v.transpose() * low_rank.encoder, rotated.encoder));
    check.measures[2].see((rotated.encoder - v.transpose() * w).bottomRows(n - d0).cwiseAbs().maxCoeff());
    check.counterexamples[0].see(
        difference_of_values(low_rank.encoder, flow({w, keep}, Train::kFixed, views, {}, 3).encoder));
  }
  return check;
}

}  // namespace directclr::theory
