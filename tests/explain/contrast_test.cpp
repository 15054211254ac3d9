#include "directclr/explain/contrast.h"

#include <gtest/gtest.h>

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/explain/growth.h"
#include "directclr/loss/contrastive.h"
#include "directclr/tensor/arrays.h"
#include "directclr/theory/contrast_matrix.h"
#include "tests/support/error_of.h"
#include "tests/support/tensor_matchers.h"
#include "tests/support/theory_golden.h"

namespace directclr::explain {
namespace {

using at::Tensor;

Tensor random(at::IntArrayRef shape, uint64_t seed) {
  at::manual_seed(seed);
  return at::randn(shape, at::kDouble);
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
  const ViewBatch rows{h_a, h_b, h_a.mm(w.t()), h_b.mm(w.t())};
  constexpr double kTau = 0.2;
  for (const auto weights : {Weights::kEqn2, Weights::kTrained}) {
    Tensor z_a = rows.z_a, z_b = rows.z_b;
    theory::LossForm form;
    if (weights == Weights::kTrained) {
      z_a = z_a / z_a.norm(2, {1}, true);
      z_b = z_b / z_b.norm(2, {1}, true);
      form.temperature = kTau;
    }
    const PairWeights pairs = pair_weights(rows.z_a, rows.z_b, weights, {.loss = "infonce", .tau = kTau});
    const theory::Matrix expected = theory::softmax_weights(form, columns(z_a), columns(z_b));
    const Tensor alpha = tensor(expected);
    EXPECT_TRUE(test::all_close(pairs.apart, alpha - at::diag(alpha.diagonal()), 1e-13));
    EXPECT_TRUE(test::all_close(pairs.together, 1 - alpha.diagonal(), 1e-13));
    const auto found = contrast_matrices(rows, pairs);
    const theory::Views views{columns(h_a), columns(h_b)};
    EXPECT_TRUE(test::all_close(found.data * 12, tensor(theory::weighted_data_covariance(expected, views.x)), 1e-12));
    EXPECT_TRUE(test::all_close(found.augmentation * 12,
                                tensor(theory::weighted_augmentation_covariance(expected, views)), 1e-12));
    EXPECT_NEAR(found.mean_one_minus_alpha, 1 - expected.diagonal().mean(), 1e-13);
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
  const PairWeights own = pair_weights(z_a, z_b, Weights::kTrained, {.loss = "spectral", .tau = kTau});
  EXPECT_TRUE(test::all_close(own.apart, similar.grad() * (kRows / 2.0), 1e-13));
  EXPECT_TRUE(test::all_close(own.together, positive.grad() * (-kRows / 2.0), 1e-13));
  EXPECT_LT(own.apart.min().item<double>(), 0) << "rows more than a right angle apart are brought nearer";
  const PairWeights softmax = pair_weights(z_a, z_b, Weights::kTrained, {.loss = "infonce", .tau = kTau});
  EXPECT_GT((own.apart - softmax.apart).abs().max().item<double>(), 0.1);
  EXPECT_THROW(pair_weights(z_a, z_b, Weights::kTrained, {.loss = "another", .tau = kTau}), InputError);
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
      pair_weights(z_a, z_b, Weights::kTrained,
                   {.loss = "align-uniform", .align_weight = 0.7, .uniform_weight = 1.3, .uniform_t = 3});
  EXPECT_TRUE(test::all_close(own.apart, half.grad() * (kRows / -2.0), 1e-12));
  EXPECT_TRUE(test::all_close(own.together, views.grad() * (kRows / 2.0), 1e-13));
}

TEST(PairWeights, OfLossesWithoutPairsAreRefusedByName) {
  const Tensor z = random({7, 3}, 25);
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
    return ViewBatch{h, h + noise, at::zeros({kBatch, 2}, at::kDouble), at::zeros({kBatch, 2}, at::kDouble)};
  };
  const auto found = contrast_spectrum(batch, 12, Weights::kEqn2, {});
  EXPECT_EQ(found.negative, kNoised);
  EXPECT_EQ(found.negative_for_certain, kNoised);
  EXPECT_NEAR(found.mean.mean_one_minus_alpha, 1 - 1.0 / kBatch, 1e-12);
  // The killed directions are the noised ones, and their eigenvalue is near 2 - 4.
  const Tensor killed = found.vectors.slice(1, kWidth - kNoised);
  EXPECT_LT(killed.slice(0, kNoised).abs().max().item<double>(), 0.15);
  EXPECT_NEAR(found.eigenvalues.back(), -2, 0.3);
  EXPECT_NEAR(found.eigenvalues.front(), 2, 0.3);
  for (const double error : found.standard_error) EXPECT_TRUE(error > 0 && error < 0.3) << error;
  // The images with the largest noise stand out.
  const ViewBatch rows = batch(0);
  const Tensor spread = spread_within(rows, pair_weights(rows.z_a, rows.z_b, Weights::kEqn2, {}), killed);
  const Tensor noise = (rows.h_b - rows.h_a).square().sum(1) * (1 - 1.0 / kBatch);
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

TEST(Growth, Lemma2IsExactForItsOwnLossAndNotForAnother) {
  const Tensor h_a = random({20, 6}, 4), h_b = h_a + 0.5 * random({20, 6}, 5);
  const LinearMap map{random({5, 6}, 6), random({5}, 7)};
  const auto batch = [&](int64_t) {
    const auto z = [&](const Tensor& h) { return at::linear(h, map.weight, map.bias); };
    return ViewBatch{h_a, h_b, z(h_a), z(h_b)};
  };
  const auto x = contrast_spectrum(batch, 2, Weights::kEqn2, {});
  const auto own = growth(batch, 2, map, eqn2, x.mean.contrast(), x.vectors);
  EXPECT_TRUE(own.singular);
  ASSERT_EQ(own.exact.size(), 5u);
  for (size_t k = 0; k < own.exact.size(); ++k) {
    EXPECT_NEAR(own.exact[k], own.lemma2[k], 1e-10 * std::abs(own.exact[0])) << "direction " << k;
    EXPECT_NEAR(own.standard_error[k], 0, 1e-12);  // the same batch twice
  }
  EXPECT_EQ(own.signs_differ, 0);
  EXPECT_NEAR(own.rank_correlation, 1, 1e-12);
  const auto other = growth(
      batch, 2, map, [](const Tensor& a, const Tensor& b) { return loss::info_nce(a, b, 0.1); }, x.mean.contrast(),
      x.vectors);
  double largest = 0;
  for (size_t k = 0; k < 5; ++k) largest = std::max(largest, std::abs(other.exact[k] - other.lemma2[k]));
  EXPECT_GT(largest, 0.01);
}

TEST(Growth, IsTheDerivativeOfTheSingularValues) {
  const Tensor h_a = random({16, 4}, 8), h_b = h_a + 0.4 * random({16, 4}, 9);
  const LinearMap map{random({4, 4}, 10), at::zeros({4}, at::kDouble)};
  const auto batch = [&](int64_t) { return ViewBatch{h_a, h_b, h_a, h_b}; };
  const auto nce = [](const Tensor& a, const Tensor& b) { return loss::info_nce(a, b, 0.3); };
  const auto found = growth(batch, 1, map, nce, at::eye(4, at::kDouble), at::eye(4, at::kDouble));
  // One small step along the gradient flow, either way.
  const Tensor w = map.weight.clone().requires_grad_(true);
  nce(h_a.mm(w.t()), h_b.mm(w.t())).backward();
  constexpr double kStep = 1e-5;
  const auto values = [&](double step) { return std::get<1>(at::linalg_svd(map.weight - step * w.grad())); };
  const Tensor rate = (values(kStep) - values(-kStep)) / (2 * kStep) / values(0);
  for (int64_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(found.exact[static_cast<size_t>(k)], rate[k].item<double>(), 1e-7) << "singular value " << k;
  }
}

TEST(Growth, WithoutDistinctSingularValuesTakesTheEigenvectorsOfX) {
  const Tensor h_a = random({16, 6}, 11), h_b = h_a + 0.4 * random({16, 6}, 12);
  const Tensor selection = at::eye(6, at::kDouble).slice(0, 0, 3);  // DirectCLR's projector
  const auto batch = [&](int64_t) { return ViewBatch{h_a, h_b, h_a.slice(1, 0, 3), h_b.slice(1, 0, 3)}; };
  const auto found = growth(batch, 1, {selection, at::zeros({3}, at::kDouble)}, eqn2, at::eye(6, at::kDouble),
                            at::eye(6, at::kDouble));
  EXPECT_FALSE(found.singular);
  EXPECT_EQ(found.size, (std::vector<double>{1, 1, 1})) << "directions that do not reach the loss are left out";
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
  const auto found = first_layer_growth([&](int64_t) { return gradient; }, 2, first, second, symmetric);
  for (size_t k = 0; k < 6; ++k) EXPECT_NEAR(found.exact[k], found.theorem3[k], 1e-10) << k;
  EXPECT_EQ(found.signs_differ, 0);
}

}  // namespace
}  // namespace directclr::explain
