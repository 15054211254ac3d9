// How singular values and vectors move: Lemmas 4 to 7, against differences along a path.
#include "directclr/theory/check_registry.h"
#include "directclr/theory/contrast_matrix.h"
#include "directclr/theory/random.h"
#include "directclr/theory/singular_dynamics.h"

namespace directclr::theory {
namespace {

// Derivative at 0 by central differences, twice extrapolated (Richardson): error of order step^6.
template <class Function>
Matrix derivative(const Function& f, double step) {
  const auto central = [&](double h) -> Matrix { return (f(h) - f(-h)) / (2 * h); };
  const Matrix a = central(step), b = central(step / 2), c = central(step / 4);
  const Matrix ab = (4 * b - a) / 3, bc = (4 * c - b) / 3;
  return (16 * bc - ab) / 15;
}

// Singular values a fixed ratio apart, so that no two are near each other.
Matrix separated(RandomStream& random, Index n, double ratio = 0.7) {
  Vector s(n);
  for (Index k = 0; k < n; ++k) s(k) = std::pow(ratio, static_cast<double>(k));
  return random_orthogonal(random, n) * s.asDiagonal() * random_orthogonal(random, n).transpose();
}

Svd svd_near(const Svd& reference, const Matrix& w) {
  Svd result = svd(w);
  match_signs(reference, result);
  return result;
}

constexpr double kStep = 1e-3;

// Two layers under the gradient flow of Lemma 3 on a batch.
struct TwoLayers {
  Matrix w1, w2, g, rate1, rate2;

  TwoLayers(RandomStream& random, Index n) : w1(separated(random, n)), w2(separated(random, n, 0.75)) {
    const Views views = normal_views(random, n, 12, n / 2, 0.5);
    const Matrix product = w2 * w1;
    g = -product * contrast_matrix(product, views);
    g /= g.norm();
    rate1 = -w2.transpose() * g;
    rate2 = -g * w1.transpose();
  }
};

}  // namespace

Check check_lemma4(const CheckSettings& settings) {
  Check check{"",
              "Lemma 4: singular value dynamics",
              "Each singular value changes at the rate at which the matrix changes between its two vectors.",
              "d sigma_k / dt = u_k^T (dW/dt) v_k",
              {{"against differences of the singular values along a path, relative", 1e-8}},
              {{"distinct singular values (two equal ones)", 1e-2}},
              ""};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 8);
    const Index n = 3 + trial % 6;
    const Matrix w = separated(random, n);
    const Matrix rate = normal(random, n, n) / 4;
    const auto path = [&](const Matrix& from) {
      return derivative([&](double h) -> Matrix { return svd(from + h * rate).s; }, kStep);
    };
    check.measures[0].see(relative_difference(singular_value_rates(svd(w), rate), path(w)));
    const Matrix equal = random_orthogonal(random, n) * random_orthogonal(random, n);
    // The values on either side are sorted, so their difference quotients have to be taken on one side only.
    const Vector one_sided = (svd(equal + 1e-7 * rate).s - svd(equal).s) / 1e-7;
    check.counterexamples[0].see(relative_difference(singular_value_rates(svd(equal), rate), one_sided));
  }
  return check;
}

Check check_lemma5(const CheckSettings& settings) {
  Check check{"",
              "Lemma 5: singular vector dynamics",
              "The singular vectors turn towards one another at rates set by the gaps between the squared values.",
              "dU/dt = U (H o (U^T W' V S + S V^T W'^T U)), dV/dt likewise;  H_kk' = 1 / (sigma_k'^2 - sigma_k^2)",
              {{"dU/dt and dV/dt against differences along a path, relative", 1e-7}},
              {{"the sign of H: Eqn 15 as printed, 1 / (sigma_k^2 - sigma_k'^2)", 1},
               {"distinct singular values (a gap of 1e-6)", 1e-2}},
              "Eqn 15 (and 19) as printed has the opposite sign, which gives -dU/dt. The proof's own equation, (U^T "
              "dU/dt)(k,k') "
              "(sigma_k'^2 - sigma_k^2) = ..., gives the sign used here. Nothing later in the paper depends on it."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 9);
    const Index n = 3 + trial % 5;
    const Matrix rate = normal(random, n, n) / 4;
    const auto deviation = [&](const Matrix& w, double sign) {
      const Svd at = svd(w);
      const VectorRates rates = singular_vector_rates(at, rate);
      const Matrix u = derivative([&](double h) { return svd_near(at, w + h * rate).u; }, kStep / 4);
      const Matrix v = derivative([&](double h) { return svd_near(at, w + h * rate).v; }, kStep / 4);
      return std::max(relative_difference(sign * rates.u, u), relative_difference(sign * rates.v, v));
    };
    const Matrix w = separated(random, n);
    check.measures[0].see(deviation(w, 1));
    check.counterexamples[0].see(deviation(w, -1));
    Vector close = svd(w).s;
    close(1) = close(0) - 1e-6;
    check.counterexamples[1].see(
        deviation(random_orthogonal(random, n) * close.asDiagonal() * random_orthogonal(random, n).transpose(), 1));
  }
  return check;
}

Check check_lemma6(const CheckSettings& settings) {
  Check check{"",
              "Lemma 6: alignment dynamics",
              "How the alignment A = V2^T U1 of two layers moves under the gradient flow of both.",
              "dA/dt = -A (H1 o (A^T F + F^T A)) + (H2 o (A F^T + F A^T)) A,  F = S2 U2^T G V1 S1",
              {{"against differences of A along the flow, relative", 1e-7}},
              {{"the flow of both layers (W2 held still)", 1e-2}},
              "With H of Lemma 5 as corrected; the printed H1 and H2 give -dA/dt."};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 10);
    const TwoLayers flow(random, 3 + trial % 4);
    const Svd first = svd(flow.w1), second = svd(flow.w2);
    const Matrix formula = alignment_rate(first, second, flow.g);
    const auto path = [&](double move_second) {
      return derivative(
          [&](double h) {
            return alignment(svd_near(first, flow.w1 + h * flow.rate1),
                             svd_near(second, flow.w2 + h * move_second * flow.rate2));
          },
          kStep / 4);
    };
    check.measures[0].see(relative_difference(formula, path(1)));
    check.counterexamples[0].see(relative_difference(formula, path(0)));
  }
  return check;
}

Check check_lemma7(const CheckSettings& settings) {
  Check check{
      "",
      "Lemma 7: singular value dynamics of two layers",
      "Each layer's singular values grow as far as the other layer's vectors meet theirs.",
      "d sigma1_k/dt = -sum_k' (v2_k'^T u1_k) sigma2_k' (u2_k'^T G v1_k);  d sigma2_k/dt = -sum_k' (u1_k'^T v2_k) "
      "sigma1_k' (u2_k^T G v1_k')",
      {{"both layers against differences along the flow, relative", 1e-8}},
      {{"the layers' own alignment (A replaced by I)", 1e-2}},
      ""};
  for (int64_t trial = 0; trial < settings.trials; ++trial) {
    RandomStream random = trial_stream(settings, trial, 11);
    const TwoLayers flow(random, 3 + trial % 5);
    const Svd first = svd(flow.w1);
    Svd second = svd(flow.w2);
    const ValueRates rates = layer_value_rates(first, second, flow.g);
    const Matrix along1 = derivative([&](double h) -> Matrix { return svd(flow.w1 + h * flow.rate1).s; }, kStep);
    const Matrix along2 = derivative([&](double h) -> Matrix { return svd(flow.w2 + h * flow.rate2).s; }, kStep);
    check.measures[0].see(relative_difference(rates.first, along1));
    check.measures[0].see(relative_difference(rates.second, along2));
    second.v = first.u;
    check.counterexamples[0].see(relative_difference(layer_value_rates(first, second, flow.g).first, along1));
  }
  return check;
}

}  // namespace directclr::theory
