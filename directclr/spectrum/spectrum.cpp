#include "directclr/spectrum/spectrum.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_eigvalsh.h>

#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/spectrum/covariance.h"

namespace directclr::spectrum {

std::vector<double> covariance_spectrum(const at::Tensor& covariance) {
  TORCH_CHECK(covariance.dim() == 2 && covariance.size(0) == covariance.size(1),
              "[covariance_spectrum] expected a square matrix, got ", covariance.sizes());
  const at::Tensor matrix = covariance.to(at::kDouble).cpu();
  if (!at::isfinite(matrix).all().item<bool>()) throw NumericalError("the covariance holds values that are not finite");
  const at::Tensor ascending = at::linalg_eigvalsh(matrix).contiguous();
  std::vector<double> values(ascending.data_ptr<double>(), ascending.data_ptr<double>() + ascending.numel());
  std::reverse(values.begin(), values.end());
  for (double& value : values) value = std::max(value, 0.0);
  return values;
}

void add_rows(Covariance& covariance, const at::Tensor& rows, bool l2_normalize) {
  at::Tensor wide = rows.cpu().to(at::kDouble);
  if (l2_normalize) wide = wide / wide.norm(2, {1}, true).clamp_min(1e-12);
  covariance.add(wide);
}

SpectrumSummary summarize(const Covariance& covariance, bool l2_normalized) {
  SpectrumSummary summary;
  summary.values = covariance_spectrum(covariance.matrix());
  std::vector<double> sigma(summary.values);
  for (double& value : sigma) value = std::sqrt(value);
  summary.effective_rank_sigma = effective_rank(sigma);
  summary.effective_rank_lambda = effective_rank(summary.values);
  summary.participation_ratio = participation_ratio(summary.values);
  summary.below_1e_2 = count_below(summary.values, 1e-2);
  summary.below_1e_4 = count_below(summary.values, 1e-4);
  summary.below_1e_6 = count_below(summary.values, 1e-6);
  summary.samples = covariance.count();
  summary.l2_normalized = l2_normalized;
  return summary;
}

SpectrumSummary summarize(const at::Tensor& features, bool l2_normalize) {
  TORCH_CHECK(features.dim() == 2 && features.size(0) >= 2, "[summarize] expected (N >= 2, D), got ", features.sizes());
  Covariance covariance(features.size(1));
  constexpr int64_t kBlock = 8192;  // bounds the float64 copy
  for (int64_t begin = 0; begin < features.size(0); begin += kBlock) {
    add_rows(covariance, features.slice(0, begin, begin + kBlock), l2_normalize);
  }
  return summarize(covariance, l2_normalize);
}

}  // namespace directclr::spectrum
