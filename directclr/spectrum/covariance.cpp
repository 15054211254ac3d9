#include "directclr/spectrum/covariance.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "directclr/core/error.h"
#include "directclr/linalg/scatter.h"
#include "directclr/linalg/symmetric_eigenvalues.h"
#include "directclr/spectrum/column_moments.h"

namespace directclr::spectrum {

using array::Array;
using array::DType;

Covariance::Covariance(int64_t dimensions)
    : sums_{0, Array::zeros({dimensions}, DType::kFloat64), Array::zeros({dimensions, dimensions}, DType::kFloat64)} {}

Covariance::Covariance(Sums sums) : sums_(std::move(sums)) {
  const int64_t d = sums_.mean.dim() == 1 ? sums_.mean.size(0) : -1;
  if (sums_.scatter.shape() != std::vector<int64_t>{d, d} || sums_.count < 0) {
    throw std::invalid_argument("[Covariance] expected a mean (D) and a scatter matrix (D, D), got " +
                                sums_.mean.describe() + " and " + sums_.scatter.describe());
  }
}

void Covariance::add(const Array& rows) {
  if (rows.dim() != 2 || rows.size(1) != dimensions() || !array::is_floating(rows.dtype())) {
    throw std::invalid_argument("[Covariance::add] expected floating (n, " + std::to_string(dimensions()) + "), got " +
                                rows.describe());
  }
  const int64_t n = rows.size(0);
  if (n == 0) return;
  const Array block = plain_rows(rows);
  const std::vector<double> block_mean = mean_of(block);
  if (!std::all_of(block_mean.begin(), block_mean.end(), [](double value) { return std::isfinite(value); })) {
    throw NumericalError("the features hold values that are not finite, or whose sums overflow");
  }
  const auto mean = sums_.mean.mutable_values<double>();
  const auto before = static_cast<double>(sums_.count), own = static_cast<double>(n), total = before + own;
  const double weight = std::sqrt(before * own / total);
  std::vector<double> shift(mean.size());
  for (size_t d = 0; d < mean.size(); ++d) {
    const double apart = block_mean[d] - mean[d];
    shift[d] = apart * weight;
    mean[d] += apart * (own / total);
  }
  linalg::add_scatter(block, block_mean, shift, sums_.scatter);
  sums_.count += n;
}

void Covariance::add(const Covariance& other) {
  if (other.dimensions() != dimensions()) {
    throw std::invalid_argument("[Covariance::add] expected " + std::to_string(dimensions()) + " dimensions, got " +
                                std::to_string(other.dimensions()));
  }
  if (other.count() == 0) return;
  const auto mean = sums_.mean.mutable_values<double>(), scatter = sums_.scatter.mutable_values<double>();
  const auto other_mean = other.sums_.mean.values<double>(), other_scatter = other.sums_.scatter.values<double>();
  const auto own = static_cast<double>(sums_.count), others = static_cast<double>(other.count()), total = own + others;
  const size_t d = mean.size();
  std::vector<double> shift(d);
  for (size_t i = 0; i < d; ++i) shift[i] = other_mean[i] - mean[i];
  for (size_t i = 0; i < d; ++i) {
    const double scale = shift[i] * (own * others / total);
    for (size_t j = i; j < d; ++j) scatter[i * d + j] += other_scatter[i * d + j] + scale * shift[j];
    mean[i] += shift[i] * (others / total);
  }
  sums_.count += other.count();
}

double Covariance::checked_count() const {
  if (sums_.count < 1) throw std::invalid_argument("[Covariance] expected at least one row, got none");
  return static_cast<double>(sums_.count);
}

Array Covariance::matrix() const { return linalg::symmetric_from_upper(sums_.scatter, checked_count()); }

std::vector<double> Covariance::variance() const {
  const double count = checked_count();
  const auto d = static_cast<size_t>(dimensions());
  const auto scatter = sums_.scatter.values<double>();
  std::vector<double> variance(d);
  for (size_t i = 0; i < d; ++i) variance[i] = scatter[i * d + i] / count;
  return variance;
}

std::pair<std::vector<double>, std::vector<double>> Covariance::spectra() const {
  const double count = checked_count();
  std::vector<double> scaled_mean = array::to_doubles(sums_.mean);
  for (double& value : scaled_mean) value *= std::sqrt(count);
  auto both = linalg::symmetric_eigenvalues_with(sums_.scatter, scaled_mean);
  for (auto* values : {&both.first, &both.second}) {
    for (double& value : *values) value = std::max(value / count, 0.0);
  }
  return both;
}

}  // namespace directclr::spectrum
