#include "directclr/explain/contrast.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "directclr/core/error.h"
#include "directclr/core/table.h"
#include "directclr/core/text.h"
#include "directclr/report/statistics.h"
#include "directclr/settings/losses.h"
#include "directclr/tensor/arrays.h"

namespace directclr::explain {
namespace {

using at::Tensor;

Tensor wide(const Tensor& t) { return t.detach().cpu().to(at::kDouble); }

Tensor unit(const Tensor& z) { return z / z.norm(2, {1}, true).clamp_min(1e-12); }

// Eqn 2's weights. Those of `together` are sums of the others: they keep their digits where alpha_ii is nearly one.
PairWeights softmax_weights(const Tensor& a, const Tensor& b) {
  const Tensor squares = a.square().sum(1);
  Tensor similarity = a.mm(a.t()) - (squares.unsqueeze(0) + squares.unsqueeze(1)) / 2;
  similarity.diagonal().copy_((a - b).square().sum(1) / -2);
  Tensor apart = at::softmax(similarity, 1);
  apart.diagonal().zero_();
  return {apart, apart.sum(1)};
}

PairWeights softmax_of_loss(const Tensor& a, const Tensor& b, const settings::LossSettings& loss) {
  return softmax_weights(unit(a) / std::sqrt(loss.tau), unit(b) / std::sqrt(loss.tau));
}

// L = -2 mean_i s_ii + mean_{i != j} s_ij^2: dL = (2 / n) sum_i [-ds_ii + sum_{j != i} s_ij ds_ij / (n - 1)], and for
// rows of one length ds is minus the change of half a squared distance.
PairWeights spectral_weights(const Tensor& a, const Tensor& /*b*/, const settings::LossSettings& loss) {
  const Tensor rows = unit(a);
  Tensor apart = rows.mm(rows.t()) / (loss.tau * static_cast<double>(a.size(0) - 1));
  apart.diagonal().zero_();
  return {apart, at::ones({a.size(0)}, a.options())};
}

// L = w_a mean_i |a_i - b_i|^2 + w_u U, U = log mean_{i != j} exp(-t |x_i - x_j|^2), of either view alike: n / 2 times
// the derivatives with respect to half a squared distance are w_a and -w_u t n p_ij, p the softmax over all pairs.
PairWeights alignment_uniformity_weights(const Tensor& a, const Tensor& /*b*/, const settings::LossSettings& loss) {
  const Tensor rows = unit(a);
  Tensor potential = ((rows.mm(rows.t()) - 1) * (2 * loss.uniform_t)).exp();
  potential.diagonal().zero_();
  const double factor = loss.uniform_weight * loss.uniform_t * static_cast<double>(a.size(0));
  return {potential * (factor / potential.sum()), at::full({a.size(0)}, loss.align_weight, a.options())};
}

struct LossWeights {
  std::string name;  // of the loss
  PairWeights (*of)(const Tensor& z_a, const Tensor& z_b, const settings::LossSettings& loss);
};

// Those whose gradient is one of distances between images; others compare dimensions and have no such weights.
const Table<LossWeights>& loss_weights() {
  static const Table<LossWeights> table("--loss", {{"infonce", softmax_of_loss},
                                                   {"ntxent", softmax_of_loss},
                                                   {"spectral", spectral_weights},
                                                   {"align-uniform", alignment_uniformity_weights}});
  return table;
}

// Eigenvectors of a symmetric matrix as columns, the largest eigenvalue first.
std::pair<Tensor, Tensor> descending_eigen(const Tensor& matrix) {
  if (!at::isfinite(matrix).all().item<bool>()) throw NumericalError("the representations are not finite");
  const auto [values, vectors] = at::linalg_eigh((matrix + matrix.t()) / 2);
  return {values.flip(0), vectors.flip(1)};
}

void divide(ContrastMatrices& sum, double count) {
  sum.data = sum.data / count;
  sum.augmentation = sum.augmentation / count;
  sum.mean_one_minus_alpha /= count;
}

}  // namespace

void ContrastMatrices::add(const ContrastMatrices& other) {
  data = data.defined() ? data + other.data : other.data;
  augmentation = augmentation.defined() ? augmentation + other.augmentation : other.augmentation;
  mean_one_minus_alpha += other.mean_one_minus_alpha;
}

PairWeights pair_weights(const Tensor& z_a, const Tensor& z_b, Weights weights, const settings::LossSettings& loss) {
  TORCH_CHECK(z_a.dim() == 2 && z_a.sizes() == z_b.sizes() && z_a.size(0) >= 2,
              "[pair_weights] expected two (n >= 2, P) matrices of one shape, got ", z_a.sizes(), " and ", z_b.sizes());
  const at::NoGradGuard no_grad;
  const Tensor a = wide(z_a), b = wide(z_b);
  if (weights == Weights::kEqn2) return softmax_weights(a, b);
  const auto known = loss_weights().names();
  if (std::find(known.begin(), known.end(), loss.loss) == known.end()) {
    throw InputError("--loss " + settings::losses().at(loss.loss).name,
                     "has no weights of pairs of images, which Lemma 2 rests on",
                     "runs trained with one of these can be explained: " + join(known, ", "));
  }
  return loss_weights().at(loss.loss).of(a, b, loss);
}

ContrastMatrices contrast_matrices(const ViewBatch& batch, const PairWeights& weights) {
  const at::NoGradGuard no_grad;
  const Tensor h = wide(batch.h_a), step = wide(batch.h_b) - h;
  const auto n = static_cast<double>(h.size(0));
  const Tensor& apart = weights.apart;
  // sum_ij a_ij (h_i - h_j)(h_i - h_j)^T = H^T (D - A - A^T) H with D the sums of A's rows and columns.
  const Tensor degree = apart.sum(1) + apart.sum(0);
  const Tensor pairs = h.t().mm(apart).mm(h);
  ContrastMatrices result;
  result.data = ((h * degree.unsqueeze(1)).t().mm(h) - pairs - pairs.t()) / n;
  result.augmentation = (step * weights.together.unsqueeze(1)).t().mm(step) / n;
  result.mean_one_minus_alpha = weights.together.mean().item<double>();
  return result;
}

ContrastSpectrum contrast_spectrum(const std::function<ViewBatch(int64_t)>& batch, int64_t batches, Weights weights,
                                   const settings::LossSettings& loss) {
  TORCH_CHECK(batches >= 2, "[contrast_spectrum] expected at least two batches, got ", batches);
  const at::NoGradGuard no_grad;
  const auto of_batch = [&](int64_t k) {
    const ViewBatch rows = batch(k);
    return contrast_matrices(rows, pair_weights(rows.z_a, rows.z_b, weights, loss));
  };
  ContrastSpectrum result;
  for (int64_t k = 0; k < batches; ++k) (k % 2 == 0 ? result.first : result.second).add(of_batch(k));
  const auto evens = static_cast<double>((batches + 1) / 2), all = static_cast<double>(batches);
  result.mean.add(result.first);
  result.mean.add(result.second);
  divide(result.mean, all);
  divide(result.first, evens);
  divide(result.second, all - evens);
  const auto [values, vectors] = descending_eigen(result.mean.contrast());
  result.eigenvalues = tensor::values_of(values);
  result.vectors = vectors;

  const Tensor found = result.first_vectors = descending_eigen(result.first.contrast()).second;
  std::vector<Tensor> seen;
  for (int64_t k = 1; k < batches; k += 2) {
    seen.push_back((of_batch(k).contrast().mm(found) * found).sum(0));
  }
  const Tensor samples = at::stack(seen);  // (odd batches, H)
  const Tensor held_out = samples.mean(0);
  const auto odds = static_cast<double>(seen.size());
  result.held_out = tensor::values_of(held_out);
  result.standard_error.assign(result.held_out.size(), std::numeric_limits<double>::infinity());
  if (odds > 1) {
    result.standard_error = tensor::values_of(((samples - held_out).square().sum(0) / (odds - 1) / odds).sqrt());
  }
  // Rounding in X is of the size of its parts, which may be much larger than X.
  const double rounding = 1e-12 * std::abs(result.mean.data.diagonal().sum().item<double>());
  const auto below = report::below_zero(result.held_out, result.standard_error, static_cast<int64_t>(seen.size()) - 1);
  for (size_t k = 0; k < result.held_out.size(); ++k) {
    result.negative += result.eigenvalues[k] < -rounding;
    result.negative_held_out += result.held_out[k] < -rounding;
    result.negative_for_certain += below[k] && result.held_out[k] < -rounding;
  }
  return result;
}

Tensor spread_within(const ViewBatch& batch, const PairWeights& weights, const Tensor& directions) {
  const at::NoGradGuard no_grad;
  const Tensor step = wide(batch.h_b) - wide(batch.h_a);
  return weights.together * step.mm(directions).square().sum(1);
}

}  // namespace directclr::explain
