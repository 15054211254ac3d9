#include "directclr/spectrum/covariance.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/spectrum/column_moments.h"
#include "directclr/spectrum/scatter.h"
#include "directclr/spectrum/symmetric_eigenvalues.h"

namespace directclr::spectrum {

Covariance::Covariance(int64_t dimensions)
    : mean_(at::zeros({dimensions}, at::kDouble)), scatter_(at::zeros({dimensions, dimensions}, at::kDouble)) {}

void Covariance::add(const at::Tensor& rows) {
  TORCH_CHECK(rows.dim() == 2 && rows.size(1) == mean_.size(0), "[Covariance::add] expected (n, ", mean_.size(0),
              "), got ", rows.sizes());
  const int64_t n = rows.size(0);
  if (n == 0) return;
  const at::NoGradGuard no_grad;
  const at::Tensor block = plain_rows(rows.detach().cpu()), block_mean = mean_of(block);
  if (!at::isfinite(block_mean).all().item<bool>()) {
    throw NumericalError("the features hold values that are not finite");
  }
  const at::Tensor shift = block_mean - mean_;
  const double total = static_cast<double>(count_ + n);
  add_scatter(block, block_mean, shift * std::sqrt(static_cast<double>(count_) * static_cast<double>(n) / total),
              scatter_);
  mean_ += shift * (static_cast<double>(n) / total);
  count_ += n;
}

void Covariance::add(const Covariance& other) {
  TORCH_CHECK(other.mean_.size(0) == mean_.size(0), "[Covariance::add] expected ", mean_.size(0), " dimensions, got ",
              other.mean_.size(0));
  if (other.count_ == 0) return;
  const at::NoGradGuard no_grad;
  const at::Tensor shift = other.mean_ - mean_;
  const auto total = static_cast<double>(count_ + other.count_);
  scatter_ += other.scatter_;
  scatter_.addr_(shift, shift, 1, static_cast<double>(count_) * static_cast<double>(other.count_) / total);
  mean_ += shift * (static_cast<double>(other.count_) / total);
  count_ += other.count_;
}

void Covariance::merge(const dist::Group& group) {
  if (group.alone()) return;
  const at::NoGradGuard no_grad;
  const at::Tensor own = at::cat({at::full({1}, static_cast<double>(count_), mean_.options()), mean_}).unsqueeze(0);
  const at::Tensor all = group.gather_rows(own, group.size());  // (R, 1 + D)
  const at::Tensor counts = all.narrow(1, 0, 1), means = all.narrow(1, 1, mean_.size(0));
  const at::Tensor total = counts.sum();
  const at::Tensor mean = (counts * means).sum(0) / total;
  const at::Tensor shift = mean_ - mean;
  scatter_.addr_(shift, shift, 1, static_cast<double>(count_));
  group.sum_(scatter_);
  mean_ = mean;
  count_ = static_cast<int64_t>(total.item<double>());
}

at::Tensor Covariance::matrix() const {
  TORCH_CHECK(count_ >= 1, "[Covariance::matrix] expected at least one row, got none");
  at::Tensor matrix = scatter_.triu().div_(static_cast<double>(count_));
  matrix += matrix.triu(1).t();
  return matrix;
}

at::Tensor Covariance::variance() const {
  TORCH_CHECK(count_ >= 1, "[Covariance::variance] expected at least one row, got none");
  return scatter_.diagonal() / static_cast<double>(count_);
}

std::pair<std::vector<double>, std::vector<double>> Covariance::spectra() const {
  TORCH_CHECK(count_ >= 1, "[Covariance::spectra] expected at least one row, got none");
  const auto count = static_cast<double>(count_);
  auto both = symmetric_eigenvalues_with(scatter_, mean_ * std::sqrt(count));
  for (auto* values : {&both.first, &both.second}) {
    for (double& value : *values) value = std::max(value / count, 0.0);
  }
  return both;
}

}  // namespace directclr::spectrum
