#include "directclr/explain/growth.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <limits>

#include "directclr/report/statistics.h"
#include "directclr/spectrum/layer_alignment.h"
#include "directclr/tensor/arrays.h"

namespace directclr::explain {
namespace {

using at::Tensor;

Tensor widened(const Tensor& t) { return t.detach().cpu().to(at::kDouble); }

// Mean of (batches, k) samples, its standard error, and which lie below or above 0 beyond chance.
struct Estimate {
  std::vector<double> mean, error;
  std::vector<bool> below, above;
};
Estimate estimate(const std::vector<Tensor>& samples) {
  const Tensor all = at::stack(samples);
  const Tensor mean = all.mean(0);
  Estimate result;
  result.mean = tensor::values_of(mean);
  result.error.assign(result.mean.size(), std::numeric_limits<double>::infinity());
  const auto n = static_cast<double>(samples.size());
  if (samples.size() > 1) {
    result.error = tensor::values_of(((all - mean).square().sum(0) / (n - 1) / n).sqrt());
  }
  const auto degrees = static_cast<int64_t>(samples.size()) - 1;
  result.below = report::below_zero(result.mean, result.error, degrees);
  result.above = report::below_zero(tensor::values_of(-mean), result.error, degrees);
  return result;
}

int64_t count_sign_differences(const Estimate& exact, const std::vector<double>& predicted) {
  int64_t count = 0;
  for (size_t k = 0; k < predicted.size(); ++k) {
    count += (exact.below[k] && predicted[k] > 0) || (exact.above[k] && predicted[k] < 0);
  }
  return count;
}

}  // namespace

Growth growth(const std::function<ViewBatch(int64_t)>& batch, int64_t batches, const LinearMap& map,
              const LossFunction& loss, const Tensor& x, const Tensor& eigenvectors) {
  const Tensor w = widened(map.weight), bias = widened(map.bias);
  Growth result;
  Tensor v, size;  // columns; |W v|
  {
    const auto [u, s, vh] = at::linalg_svd(w, false);
    result.singular = spectrum::has_distinct_values(tensor::values_of(s));
    v = result.singular ? vh.t() : eigenvectors;
    size = w.mm(v).norm(2, {0});
    const Tensor reached = size.gt(1e-6 * size.max()).nonzero().flatten();
    v = v.index_select(1, reached);
    size = size.index_select(0, reached);
  }
  const Tensor image = w.mm(v);  // (P, k)
  const Tensor squared = size.square();

  std::vector<Tensor> samples;
  for (int64_t k = 0; k < batches; ++k) {
    const ViewBatch rows = batch(k);
    const Tensor leaf = w.clone().requires_grad_(true);
    const Tensor value = loss(at::linear(widened(rows.h_a), leaf, bias), at::linear(widened(rows.h_b), leaf, bias));
    const Tensor g = torch::autograd::grad({value}, {leaf})[0];
    samples.push_back((image * g.mm(v)).sum(0).neg() / squared);
  }
  const Estimate exact = estimate(samples);
  result.size = tensor::values_of(size);
  result.exact = exact.mean;
  result.standard_error = exact.error;
  result.lemma2 = tensor::values_of((image * w.mm(x.mm(v))).sum(0) / squared);
  result.rank_correlation = report::rank_correlation(result.exact, result.lemma2);
  result.signs_differ = count_sign_differences(exact, result.lemma2);
  result.shrinking = std::count(exact.below.begin(), exact.below.end(), true);
  return result;
}

FirstLayerGrowth first_layer_growth(const std::function<Tensor(int64_t)>& gradient, int64_t batches,
                                    const Tensor& first, const Tensor& second, const Tensor& x) {
  const auto [u1, s1, vh1] = at::linalg_svd(widened(first), false);
  const auto [u2, s2, vh2] = at::linalg_svd(widened(second), false);
  const int64_t pairs = std::min(s1.size(0), s2.size(0));
  const Tensor u = u1.slice(1, 0, pairs), v = vh1.slice(0, 0, pairs).t(), s = s1.slice(0, 0, pairs);
  std::vector<Tensor> samples;
  for (int64_t k = 0; k < batches; ++k) samples.push_back((u * widened(gradient(k)).mm(v)).sum(0).neg());
  const Estimate exact = estimate(samples);
  FirstLayerGrowth result;
  result.size = tensor::values_of(s);
  result.exact = exact.mean;
  result.standard_error = exact.error;
  result.theorem3 = tensor::values_of(s * s2.slice(0, 0, pairs).square() * (v * x.mm(v)).sum(0));
  result.rank_correlation = report::rank_correlation(result.exact, result.theorem3);
  result.signs_differ = count_sign_differences(exact, result.theorem3);
  return result;
}

}  // namespace directclr::explain
