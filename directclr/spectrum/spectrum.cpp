#include "directclr/spectrum/spectrum.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/spectrum/column_moments.h"
#include "directclr/spectrum/covariance.h"
#include "directclr/spectrum/symmetric_eigenvalues.h"

namespace directclr::spectrum {
namespace {

std::vector<double> roots(std::vector<double> values) {
  for (double& value : values) value = std::sqrt(value);
  return values;
}

}  // namespace

std::vector<double> values_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().cpu().to(at::kDouble).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

std::vector<double> covariance_spectrum(const at::Tensor& covariance) {
  TORCH_CHECK(covariance.dim() == 2 && covariance.size(0) == covariance.size(1),
              "[covariance_spectrum] expected a square matrix, got ", covariance.sizes());
  std::vector<double> values = symmetric_eigenvalues(covariance.to(at::kDouble).cpu().contiguous());
  for (double& value : values) value = std::max(value, 0.0);
  return values;
}

FeatureMoments::FeatureMoments(int64_t dimensions, bool l2_normalize, bool skip_nonfinite)
    : l2_normalize_(l2_normalize),
      skip_nonfinite_(skip_nonfinite),
      covariance_(dimensions),
      unit_sum_(at::zeros({dimensions}, at::kDouble)),
      unit_squares_(at::zeros({dimensions}, at::kDouble)) {}

void FeatureMoments::add(const at::Tensor& rows) {
  constexpr int64_t kBlock = 1024;  // bounds the float64 copy
  for (int64_t begin = 0; begin < rows.size(0); begin += kBlock) add_block(rows.slice(0, begin, begin + kBlock));
}

void FeatureMoments::add_block(const at::Tensor& rows) {
  const at::NoGradGuard no_grad;
  at::Tensor z = rows.detach().cpu();
  at::Tensor lengths = row_lengths(z);
  if (!at::isfinite(lengths.sum()).item<bool>()) {  // one sum tells whether a closer look is needed
    const at::Tensor good = at::isfinite(z).all(1);
    const int64_t bad = z.size(0) - good.sum().item<int64_t>();
    if (!skip_nonfinite_ && bad > 0) {
      throw NumericalError(format("%lld rows of a block of %lld hold values that are not finite",
                                  static_cast<long long>(bad), static_cast<long long>(z.size(0))));
    }
    skipped_ += bad;
    const at::Tensor kept = good.nonzero().flatten();
    z = z.index_select(0, kept);
    lengths = lengths.index_select(0, kept);
  }
  add_unit_sums(z, lengths, unit_sum_, unit_squares_);
  covariance_.add(l2_normalize_ ? z.to(at::kDouble) / lengths.clamp_min(1e-12).unsqueeze(1) : z);
}

void FeatureMoments::merge(const dist::Group& group) {
  if (group.alone()) return;
  covariance_.merge(group);
  group.sum_(unit_sum_);
  group.sum_(unit_squares_);
  skipped_ = static_cast<int64_t>(group.sum(static_cast<double>(skipped_)));
}

namespace {

// The measures of eigenvalues, and of the variances of the dimensions.
SpectrumSummary measure(const at::Tensor& variance, std::vector<double> values) {
  SpectrumSummary s;
  s.values = std::move(values);
  const std::vector<double> sigma = roots(s.values);
  s.effective_rank_sigma = effective_rank(sigma);
  s.effective_rank_lambda = effective_rank(s.values);
  s.participation_ratio = participation_ratio(s.values);
  s.stable_rank = stable_rank(s.values);
  s.cumulative_area = cumulative_area(s.values);
  s.condition_number = condition_number(s.values);
  s.power_law = power_law(s.values, 11, 100);
  s.rankme = s.normalized_std = std::nan("");
  const at::Tensor constant = variance.le(1e-12 * variance.mean()).nonzero().flatten().contiguous();
  s.constant.assign(constant.data_ptr<int64_t>(), constant.data_ptr<int64_t>() + constant.numel());
  s.below_1e_2 = count_below(s.values, 1e-2);
  s.below_1e_4 = count_below(s.values, 1e-4);
  s.below_1e_6 = count_below(s.values, 1e-6);
  return s;
}

}  // namespace

SpectrumSummary summarize_covariance(const at::Tensor& covariance) {
  const at::NoGradGuard no_grad;
  return measure(covariance.diagonal().cpu(), covariance_spectrum(covariance));
}

double normalized_std(const at::Tensor& rows) {
  const at::NoGradGuard no_grad;
  const at::Tensor z = rows.detach().to(at::kDouble);
  const at::Tensor unit = z / z.norm(2, {1}, true).clamp_min(1e-12);
  return (unit - unit.mean(0)).square().mean(0).sqrt().mean().item<double>() *
         std::sqrt(static_cast<double>(rows.size(1)));
}

SpectrumSummary FeatureMoments::summary() const {
  const at::NoGradGuard no_grad;
  const auto count = static_cast<double>(covariance_.count());
  auto [centred, uncentred] = covariance_.spectra();
  SpectrumSummary s = measure(covariance_.variance(), std::move(centred));
  s.uncentred = std::move(uncentred);
  s.rankme = rankme(roots(s.uncentred), 0);
  const at::Tensor unit_mean = unit_sum_ / count;
  const at::Tensor unit_variance = (unit_squares_ / count - unit_mean.square()).clamp_min(0);
  s.normalized_std = unit_variance.sqrt().mean().item<double>() * std::sqrt(static_cast<double>(unit_mean.size(0)));
  s.samples = covariance_.count();
  s.skipped = skipped_;
  s.l2_normalized = l2_normalize_;
  return s;
}

SpectrumSummary summarize(const at::Tensor& features, bool l2_normalize) {
  TORCH_CHECK(features.dim() == 2 && features.size(0) >= 2, "[summarize] expected (N >= 2, D), got ", features.sizes());
  FeatureMoments moments(features.size(1), l2_normalize);
  moments.add(features);
  return moments.summary();
}

}  // namespace directclr::spectrum
