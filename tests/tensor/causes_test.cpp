#include <gtest/gtest.h>

#include <cmath>

#include "directclr/causes/contrast.h"
#include "directclr/causes/growth.h"
#include "directclr/core/error.h"
#include "directclr/loss/contrastive.h"
#include "directclr/tensor/arrays.h"
#include "directclr/theory/contrast_matrix.h"
#include "tests/support/error_of.h"
#include "tests/support/tensor_matchers.h"
#include "tests/support/theory_golden.h"

namespace directclr::causes {
namespace {

using at::Tensor;

Tensor random(at::IntArrayRef shape, uint64_t seed) {
  at::manual_seed(seed);
  return at::randn(shape, at::kDouble);
}

array::Array rows_of(const Tensor& t) { return directclr::tensor::array_of(t.detach().contiguous()); }
Tensor as_tensor(const array::Array& a) { return directclr::tensor::tensor_of(a); }
Tensor as_tensor(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }
ViewBatch views_of(const Tensor& h_a, const Tensor& h_b, const Tensor& z_a, const Tensor& z_b) {
  return {rows_of(h_a), rows_of(h_b), rows_of(z_a), rows_of(z_b)};
}

// Samples as the laboratory wants them: columns.
theory::Matrix columns(const Tensor& rows) {
  return test::matrix_of(directclr::tensor::array_of(rows.t().contiguous()));
}

Tensor tensor(const theory::Matrix& m) {
  return at::from_blob(const_cast<double*>(m.data()), {m.rows(), m.cols()}, at::kDouble).clone();
}

TEST(ContrastMatrices, EqualTheLaboratorys) {
  const Tensor h_a = random({12, 5}, 1), h_b = h_a + 0.3 * random({12, 5}, 2), w = random({4, 5}, 3);
  const Tensor of_a = h_a.mm(w.t()), of_b = h_b.mm(w.t());
  const ViewBatch rows = views_of(h_a, h_b, of_a, of_b);
  constexpr double kTau = 0.2;
  for (const auto weights : {Weights::kEqn2, Weights::kTrained}) {
    Tensor z_a = of_a, z_b = of_b;
    theory::LossForm form;
    if (weights == Weights::kTrained) {
      z_a = z_a / z_a.norm(2, {1}, true);
      z_b = z_b / z_b.norm(2, {1}, true);
      form.temperature = kTau;
    }
    const PairWeights pairs = pair_weights(rows.z_a, rows.z_b, weights, {.loss = "infonce", .tau = kTau});
    const theory::Matrix expected = theory::softmax_weights(form, columns(z_a), columns(z_b));
    const Tensor alpha = tensor(expected);
    EXPECT_TRUE(test::all_close(as_tensor(pairs.apart), alpha - at::diag(alpha.diagonal()), 1e-13));
    EXPECT_TRUE(test::all_close(as_tensor(pairs.together), 1 - alpha.diagonal(), 1e-13));
    const auto found = contrast_matrices(rows, pairs);
    const theory::Views views{columns(h_a), columns(h_b)};
    EXPECT_TRUE(test::all_close(as_tensor(found.data) * 12, tensor(theory::weighted_data_covariance(expected, views.x)),
                                1e-12));
    EXPECT_TRUE(test::all_close(as_tensor(found.augmentation) * 12,
                                tensor(theory::weighted_augmentation_covariance(expected, views)), 1e-12));
    EXPECT_NEAR(found.mean_one_minus_alpha, 1 - expected.diagonal().mean(), 1e-13);
    // Along directions without the matrices.
    const Tensor v = random({3, 5}, 40), x = as_tensor(found.contrast());
    EXPECT_TRUE(test::all_close(as_tensor(contrast_along(rows, pairs, rows_of(v))), (v.mm(x) * v).sum(1), 1e-12));
  }
}

// The spectral loss has no softmax: its weights are its derivatives with respect to similarities, here by automatic
// differentiation of the loss over matrices of them, and InfoNCE's are others.
TEST(PairWeights, AreTheSpectralLosssOwn) {
  constexpr int64_t kRows = 7;
  constexpr double kTau = 0.2;
  const Tensor z_a = random({kRows, 3}, 21), z_b = random({kRows, 3}, 22);
  const Tensor a = z_a / z_a.norm(2, {1}, true);
  Tensor similar = (a.mm(a.t()) / kTau).requires_grad_(true), positive = at::ones({kRows}, at::kDouble);
  positive.requires_grad_(true);
  const Tensor off = 1 - at::eye(kRows, at::kDouble);
  const Tensor loss = -2 * positive.mean() + (similar.square() * off).sum() / (kRows * (kRows - 1));
  loss.backward();
  // dL = (2 / n) sum_i [-together_i ds_ii + sum_j apart_ij ds_ij].
  const PairWeights own =
      pair_weights(rows_of(z_a), rows_of(z_b), Weights::kTrained, {.loss = "spectral", .tau = kTau});
  EXPECT_TRUE(test::all_close(as_tensor(own.apart), similar.grad() * (kRows / 2.0), 1e-13));
  EXPECT_TRUE(test::all_close(as_tensor(own.together), positive.grad() * (-kRows / 2.0), 1e-13));
  EXPECT_LT(as_tensor(own.apart).min().item<double>(), 0) << "rows more than a right angle apart are brought nearer";
  const PairWeights softmax =
      pair_weights(rows_of(z_a), rows_of(z_b), Weights::kTrained, {.loss = "infonce", .tau = kTau});
  EXPECT_GT((as_tensor(own.apart) - as_tensor(softmax.apart)).abs().max().item<double>(), 0.1);
  EXPECT_THROW(pair_weights(rows_of(z_a), rows_of(z_b), Weights::kTrained, {.loss = "another", .tau = kTau}),
               InputError);
}

// Those of alignment and uniformity, likewise by automatic differentiation, with respect to half the squared distances.
TEST(PairWeights, AreThoseOfAlignmentAndUniformity) {
  constexpr int64_t kRows = 7;
  const Tensor z_a = random({kRows, 3}, 23), z_b = random({kRows, 3}, 24);
  const Tensor a = z_a / z_a.norm(2, {1}, true);
  Tensor half = ((a.unsqueeze(0) - a.unsqueeze(1)).square().sum(2) / 2).requires_grad_(true);
  Tensor views = at::ones({kRows}, at::kDouble).requires_grad_(true);
  const Tensor off = 1 - at::eye(kRows, at::kDouble);
  const Tensor loss = 0.7 * 2 * views.mean() + 1.3 * ((half * -6).exp() * off).sum().log();
  loss.backward();
  const PairWeights own =
      pair_weights(rows_of(z_a), rows_of(z_b), Weights::kTrained,
                   {.loss = "align-uniform", .align_weight = 0.7, .uniform_weight = 1.3, .uniform_t = 3});
  EXPECT_TRUE(test::all_close(as_tensor(own.apart), half.grad() * (kRows / -2.0), 1e-12));
  EXPECT_TRUE(test::all_close(as_tensor(own.together), views.grad() * (kRows / 2.0), 1e-13));
}

TEST(PairWeights, OfLossesWithoutPairsAreRefusedByName) {
  const array::Array z = rows_of(random({7, 3}, 25));
  for (const std::string name : {"barlow-twins", "vicreg"}) {
    const std::string error = test::error_of([&] { pair_weights(z, z, Weights::kTrained, {.loss = name}); });
    EXPECT_NE(error.find("--loss " + name), std::string::npos) << error;
    EXPECT_NE(error.find("infonce, ntxent, spectral, align-uniform"), std::string::npos) << error;
  }
}

// W = 0 makes all alpha 1 / n; then X / n = 2 C - (1 - 1/n) K exactly (docs/math.md, "When X turns negative"): noise on
// one view above variance 2 makes its directions negative.
TEST(ContrastSpectrum, CountsTheDirectionsThatNoiseKills) {
  constexpr int64_t kWidth = 10, kNoised = 3, kBatch = 400;
  const auto batch = [&](int64_t k) {
    const Tensor h = random({kBatch, kWidth}, 10 + static_cast<uint64_t>(k));
    Tensor noise = at::zeros({kBatch, kWidth}, at::kDouble);
    noise.slice(1, 0, kNoised) = std::sqrt(4.0) * random({kBatch, kNoised}, 90 + static_cast<uint64_t>(k));
    return views_of(h, h + noise, at::zeros({kBatch, 2}, at::kDouble), at::zeros({kBatch, 2}, at::kDouble));
  };
  const auto found = contrast_spectrum(batch, 12, Weights::kEqn2, {});
  EXPECT_EQ(found.negative, kNoised);
  EXPECT_EQ(found.negative_for_certain, kNoised);
  EXPECT_EQ(found.certain, (std::vector<int64_t>{7, 8, 9})) << "the last, in the order of the eigenvalues";
  EXPECT_NEAR(found.mean.mean_one_minus_alpha, 1 - 1.0 / kBatch, 1e-12);
  // The killed directions are the noised ones, and their eigenvalue is near 2 - 4.
  const Tensor killed = as_tensor(found.vectors).slice(0, kWidth - kNoised);
  EXPECT_LT(killed.slice(1, kNoised).abs().max().item<double>(), 0.15);
  EXPECT_NEAR(found.eigenvalues.back(), -2, 0.3);
  EXPECT_NEAR(found.eigenvalues.front(), 2, 0.3);
  for (const double error : found.standard_error) EXPECT_TRUE(error > 0 && error < 0.3) << error;
  // The images with the largest noise stand out.
  const ViewBatch rows = batch(0);
  const Tensor spread =
      as_tensor(spread_within(rows, pair_weights(rows.z_a, rows.z_b, Weights::kEqn2, {}), rows_of(killed)));
  const Tensor noise = (as_tensor(rows.h_b) - as_tensor(rows.h_a)).square().sum(1) * (1 - 1.0 / kBatch);
  const double share = (spread.sum() / noise.sum()).item<double>();
  EXPECT_GT(share, 0.95) << "nearly all of the noise lies in the killed directions";
}

// Eqn 2 as a mean over images, written with operators of the tensor library.
Tensor eqn2(const Tensor& z_a, const Tensor& z_b) {
  const Tensor distance = (z_a.unsqueeze(0) - z_a.unsqueeze(1)).square().sum(2) / -2;
  const Tensor positive = (z_a - z_b).square().sum(1) / -2;
  const Tensor off = distance.masked_fill(at::eye(z_a.size(0)).to(at::kBool), -INFINITY);
  return (at::logsumexp(at::cat({off, positive.unsqueeze(1)}, 1), {1}) - positive).mean();
}

// The gradients of a scalar by automatic differentiation.
LossGradients gradients_of(const std::function<Tensor(const Tensor&, const Tensor&)>& loss) {
  return [loss](const array::Array& z_a, const array::Array& z_b) {
    const Tensor a = as_tensor(z_a).clone().requires_grad_(true), b = as_tensor(z_b).clone().requires_grad_(true);
    loss(a, b).backward();
    return std::pair(rows_of(a.grad()), rows_of(b.grad()));
  };
}

TEST(LossGradients, AreThoseOfAutomaticDifferentiation) {
  const Tensor z_a = random({9, 4}, 31), z_b = z_a + 0.5 * random({9, 4}, 32);
  for (const std::string name : {"infonce", "ntxent", "spectral", "align-uniform"}) {
    for (const double tau : {0.05, 0.7}) {
      const settings::LossSettings settings{
          .loss = name, .tau = tau, .align_weight = 0.7, .uniform_weight = 1.3, .uniform_t = 1 / tau};
      const auto found = loss_gradients(rows_of(z_a), rows_of(z_b), settings);
      const auto expected = gradients_of([&](const Tensor& a, const Tensor& b) {
        return loss::loss_function(name)(a, b, settings, {});
      })(rows_of(z_a), rows_of(z_b));
      EXPECT_TRUE(test::all_close(as_tensor(found.first), as_tensor(expected.first), 1e-9)) << name << tau;
      EXPECT_TRUE(test::all_close(as_tensor(found.second), as_tensor(expected.second), 1e-9)) << name << tau;
    }
  }
}

TEST(Growth, Lemma2IsExactForItsOwnLossAndNotForAnother) {
  const Tensor h_a = random({20, 6}, 4), h_b = h_a + 0.5 * random({20, 6}, 5);
  const Tensor weight = random({5, 6}, 6), bias = random({5}, 7);
  const LinearMap map{rows_of(weight), rows_of(bias)};
  const auto batch = [&](int64_t) {
    const auto z = [&](const Tensor& h) { return at::linear(h, weight, bias); };
    return views_of(h_a, h_b, z(h_a), z(h_b));
  };
  const auto x = contrast_spectrum(batch, 2, Weights::kEqn2, {});
  const auto own = growth(batch, 2, map, gradients_of(eqn2), x.mean.contrast(), x.vectors);
  EXPECT_TRUE(own.singular);
  ASSERT_EQ(own.exact.size(), 5u);
  for (size_t k = 0; k < own.exact.size(); ++k) {
    EXPECT_NEAR(own.exact[k], own.lemma2[k], 1e-10 * std::abs(own.exact[0])) << "direction " << k;
    EXPECT_NEAR(own.standard_error[k], 0, 1e-12);  // the same batch twice
  }
  EXPECT_EQ(own.signs_differ, 0);
  EXPECT_NEAR(own.rank_correlation, 1, 1e-12);
  const auto other =
      growth(batch, 2, map, gradients_of([](const Tensor& a, const Tensor& b) { return loss::info_nce(a, b, 0.1); }),
             x.mean.contrast(), x.vectors);
  double largest = 0;
  for (size_t k = 0; k < 5; ++k) largest = std::max(largest, std::abs(other.exact[k] - other.lemma2[k]));
  EXPECT_GT(largest, 0.01);
}

TEST(Growth, IsTheDerivativeOfTheSingularValues) {
  const Tensor h_a = random({16, 4}, 8), h_b = h_a + 0.4 * random({16, 4}, 9);
  const Tensor weight = random({4, 4}, 10);
  const LinearMap map{rows_of(weight), array::Array::zeros({4}, array::DType::kFloat64)};
  const auto batch = [&](int64_t) { return views_of(h_a, h_b, h_a.mm(weight.t()), h_b.mm(weight.t())); };
  const auto nce = [](const Tensor& a, const Tensor& b) { return loss::info_nce(a, b, 0.3); };
  const auto eye = rows_of(at::eye(4, at::kDouble));
  const auto found = growth(batch, 1, map, gradients_of(nce), eye, eye);
  // One small step along the gradient flow, either way.
  const Tensor w = weight.clone().requires_grad_(true);
  nce(h_a.mm(w.t()), h_b.mm(w.t())).backward();
  constexpr double kStep = 1e-5;
  const auto values = [&](double step) { return std::get<1>(at::linalg_svd(weight - step * w.grad())); };
  const Tensor rate = (values(kStep) - values(-kStep)) / (2 * kStep) / values(0);
  for (int64_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(found.exact[static_cast<size_t>(k)], rate[k].item<double>(), 1e-7) << "singular value " << k;
  }
}

TEST(Growth, WithoutDistinctSingularValuesTakesTheEigenvectorsOfX) {
  const Tensor h_a = random({16, 6}, 11), h_b = h_a + 0.4 * random({16, 6}, 12);
  const auto selection = rows_of(at::eye(6, at::kDouble).slice(0, 0, 3));  // DirectCLR's projector
  const auto nothing = array::Array::zeros({3}, array::DType::kFloat64), eye = rows_of(at::eye(6, at::kDouble));
  const auto batch = [&](int64_t) { return views_of(h_a, h_b, h_a.slice(1, 0, 3), h_b.slice(1, 0, 3)); };
  const auto found = growth(batch, 1, {selection, nothing}, gradients_of(eqn2), eye, eye);
  EXPECT_FALSE(found.singular);
  EXPECT_EQ(found.size, (std::vector<double>{1, 1, 1})) << "directions that do not reach the loss are left out";
  // No map at all is the identity.
  const auto whole = [&](int64_t) { return views_of(h_a, h_b, h_a, h_b); };
  const auto without = growth(whole, 1, {}, gradients_of(eqn2), eye, eye);
  const auto with =
      growth(whole, 1, {eye, array::Array::zeros({6}, array::DType::kFloat64)}, gradients_of(eqn2), eye, eye);
  EXPECT_EQ(without.exact, with.exact);
  EXPECT_EQ(without.lemma2, with.lemma2);
}

TEST(FirstLayerGrowth, Theorem3IsExactForAlignedLayersUnderEqn2) {
  const Tensor x = random({6, 6}, 13);
  const Tensor symmetric = x + x.t();
  const auto orthogonal = [](uint64_t seed) { return std::get<0>(at::linalg_qr(random({6, 6}, seed))); };
  const Tensor u1 = orthogonal(14), v1 = orthogonal(15), u2 = orthogonal(16);
  const Tensor s1 = at::linspace(3, 1, 6, at::kDouble), s2 = at::linspace(2, 0.5, 6, at::kDouble);
  const Tensor first = (u1 * s1).mm(v1.t()), second = (u2 * s2).mm(u1.t());  // V2 = U1
  // G = -W2 W1 X and dL/dW1 = W2^T G (Lemma 3).
  const Tensor gradient = second.t().mm(second.mm(first).mm(symmetric)).neg();
  const auto found = first_layer_growth([&](int64_t) { return rows_of(gradient); }, 2, rows_of(first), rows_of(second),
                                        rows_of(symmetric));
  for (size_t k = 0; k < 6; ++k) EXPECT_NEAR(found.exact[k], found.theorem3[k], 1e-10) << k;
  EXPECT_EQ(found.signs_differ, 0);
}

}  // namespace
}  // namespace directclr::causes
