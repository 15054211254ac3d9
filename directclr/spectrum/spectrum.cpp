#include "directclr/spectrum/spectrum.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/linalg/symmetric_eigenvalues.h"
#include "directclr/spectrum/column_moments.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;

std::vector<double> roots(std::vector<double> values) {
  for (double& value : values) value = std::sqrt(value);
  return values;
}

void add_to(Array& sums, const Array& others) {
  const auto to = sums.mutable_values<double>();
  const auto from = others.values<double>();
  for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
}

// From mean and variance of unit vectors, by dimension.
Directions directions(const std::vector<double>& mean, const std::vector<double>& variance) {
  double deviations = 0, length_squared = 0, variances = 0;
  for (size_t d = 0; d < mean.size(); ++d) {
    deviations += std::sqrt(variance[d]);
    length_squared += mean[d] * mean[d];
    variances += variance[d];
  }
  if (!(length_squared + variances > 0)) return {NAN, NAN, NAN};
  const auto dimensions = static_cast<double>(mean.size());
  return {deviations / dimensions * std::sqrt(dimensions), std::sqrt(length_squared), std::sqrt(variances)};
}

// The variances of the dimensions of z / |z| where the rows vary little beside their mean m: to first order z / |z| is
// m / |m| + P z / |m|, P the projection across m, whose covariance is P C P / |m|^2. Sums of squares have lost their
// digits there. Nothing where the rows vary more.
std::optional<std::vector<double>> near_directions(const Covariance& covariance) {
  constexpr double kNear = 1e-6;  // of |m|^2; the first order is right to its root
  const std::vector<double> mean = array::to_doubles(covariance.sums().mean);
  std::vector<double> variance = covariance.variance();
  const double square = std::inner_product(mean.begin(), mean.end(), mean.begin(), 0.0);
  if (!(square > 1e-24) || std::accumulate(variance.begin(), variance.end(), 0.0) > kNear * square) return {};
  const Array matrix = covariance.matrix();
  const auto c = matrix.values<double>();
  const size_t width = mean.size();
  std::vector<double> along(width);  // C m / |m|^2
  for (size_t d = 0; d < width; ++d) {
    along[d] = std::inner_product(mean.begin(), mean.end(), c.begin() + static_cast<std::ptrdiff_t>(d * width), 0.0);
    along[d] /= square;
  }
  const double both = std::inner_product(mean.begin(), mean.end(), along.begin(), 0.0) / square;
  for (size_t d = 0; d < width; ++d) {
    variance[d] = std::max(variance[d] - 2 * mean[d] * along[d] + mean[d] * mean[d] * both, 0.0) / square;
  }
  return variance;
}

// Below it an eigenvalue may be made by rounding alone. `of_type`: what rounding of the rows makes. What sums and
// eigenvalues in float64 make grows with the dimensions and the largest eigenvalue.
double rounding_floor(const std::vector<double>& values, double of_type) {
  const double largest = values.empty() ? 0 : values.front();
  return std::max(of_type, static_cast<double>(values.size()) * std::ldexp(1, -53) * largest);
}

// Of rows with those sums: throws where the squares of their values overflow, or vanish though the values do not.
void require_squares_in_range(const FeatureMoments::Sums& sums) {
  double squares = 0, directions = 0;
  const auto d = static_cast<size_t>(sums.covariance.mean.size(0));
  for (size_t k = 0; k < d; ++k) {
    const double mean = sums.covariance.mean.values<double>()[k];
    squares += sums.covariance.scatter.values<double>()[k * (d + 1)] +
               static_cast<double>(sums.covariance.count) * mean * mean;
    directions += sums.unit_squares.values<double>()[k];
  }
  if (!std::isfinite(squares)) {
    throw NumericalError(
        "the values are so large that their squares overflow (divide all by one number, which changes no measure)");
  }
  if (directions > 0 && squares < 1e-270) {
    throw NumericalError(
        "the values are so small that their squares vanish (multiply all by one number, which changes no measure)");
  }
}

std::vector<double> cleared_below(std::vector<double> values, double floor) {
  for (double& value : values) value = value > floor ? value : 0;
  return values;
}

// The measures of eigenvalues, and of the variances of the dimensions.
SpectrumSummary measure(const std::vector<double>& variance, std::vector<double> values, double of_type) {
  SpectrumSummary s;
  s.floor = rounding_floor(values, of_type);
  const std::vector<double> certain = cleared_below(values, s.floor);
  const bool dead_below_floor = !values.empty() && s.floor <= SpectrumSummary::kDead * values.front();
  s.values = dead_below_floor ? certain : std::move(values);
  const std::vector<double> sigma = roots(s.values);
  s.effective_rank_sigma = effective_rank(sigma);
  s.effective_rank_lambda = effective_rank(s.values);
  s.participation_ratio = participation_ratio(s.values);
  s.stable_rank = stable_rank(s.values);
  s.cumulative_area = cumulative_area(s.values);
  s.condition_number = condition_number(s.values, s.floor);
  s.power_law = power_law(certain, 11, 100);
  s.rankme = s.normalized_std = s.mean_cosine = std::nan("");
  const double mean = std::accumulate(variance.begin(), variance.end(), 0.0) / static_cast<double>(variance.size());
  for (size_t d = 0; d < variance.size(); ++d) {
    if (variance[d] <= 1e-12 * mean) s.constant.push_back(static_cast<int64_t>(d));
  }
  s.below_1e_2 = count_below(s.values, 1e-2);
  s.below_1e_4 = count_below(s.values, SpectrumSummary::kDead);
  s.below_1e_6 = count_below(s.values, 1e-6);
  return s;
}

// Which rows hold finite numbers alone. Rows are plain.
std::vector<int64_t> finite_indices(const Array& rows) {
  std::vector<int64_t> good;
  const auto dimensions = static_cast<size_t>(rows.size(1));
  const auto look = [&](const auto& values) {
    for (size_t i = 0; i < static_cast<size_t>(rows.size(0)); ++i) {
      const auto row = values.subspan(i * dimensions, dimensions);
      if (std::all_of(row.begin(), row.end(), [](auto value) { return std::isfinite(value); })) {
        good.push_back(static_cast<int64_t>(i));
      }
    }
  };
  if (rows.dtype() == DType::kFloat64) {
    look(rows.values<double>());
  } else {
    look(rows.values<float>());
  }
  return good;
}

}  // namespace

std::vector<double> covariance_spectrum(const Array& covariance) {
  if (covariance.dim() != 2 || covariance.size(0) != covariance.size(1)) {
    throw std::invalid_argument("[covariance_spectrum] expected a square matrix, got " + covariance.describe());
  }
  std::vector<double> values = linalg::symmetric_eigenvalues(covariance.to(DType::kFloat64));
  for (double& value : values) value = std::max(value, 0.0);
  return values;
}

double rounding_variance(double roundoff, double mean_square, int64_t dimensions, double rows) {
  const double noise = roundoff * (1 + std::sqrt(static_cast<double>(dimensions) / rows));
  return mean_square * noise * noise;
}

SpectrumSummary summarize_covariance(const Array& covariance, double of_rounding) {
  std::vector<double> values = covariance_spectrum(covariance), variance;
  const Array wide = covariance.to(DType::kFloat64);
  for (size_t d = 0; d < values.size(); ++d) variance.push_back(wide.values<double>()[d * (values.size() + 1)]);
  return measure(variance, std::move(values), of_rounding);
}

Directions directions_of(const Array& rows) {
  const Array z = plain_rows(rows);
  if (z.dim() != 2 || z.size(0) < 1) {
    throw std::invalid_argument("[directions_of] expected (N >= 1, D), got " + z.describe());
  }
  // About the mean, found first: sums of squares would lose the digits of rows that are nearly alike.
  const Array unit = unit_rows(z);
  const std::vector<double> mean = mean_of(unit);
  const auto values = unit.values<double>();
  std::vector<double> variance(mean.size(), 0);
  for (size_t i = 0; i < values.size(); ++i) {
    const double apart = values[i] - mean[i % mean.size()];
    variance[i % mean.size()] += apart * apart;
  }
  for (double& value : variance) value /= static_cast<double>(z.size(0));
  return directions(mean, variance);
}

FeatureMoments::FeatureMoments(int64_t dimensions, bool l2_normalize, bool skip_nonfinite)
    : l2_normalize_(l2_normalize),
      skip_nonfinite_(skip_nonfinite),
      covariance_(dimensions),
      unit_sum_(Array::zeros({dimensions}, DType::kFloat64)),
      unit_squares_(Array::zeros({dimensions}, DType::kFloat64)) {}

void FeatureMoments::add(const Array& rows, double roundoff) {
  constexpr int64_t kBlock = 1024;  // bounds the copies
  if (rows.dim() != 2 || rows.size(1) != dimensions()) {
    throw std::invalid_argument("[FeatureMoments::add] expected (n, " + std::to_string(dimensions()) + "), got " +
                                rows.describe());
  }
  for (int64_t begin = 0; begin < rows.size(0); begin += kBlock) add_block(rows.slice(begin, begin + kBlock));
  roundoff_ = std::max({roundoff_, roundoff, array::unit_roundoff(rows.dtype())});
}

void FeatureMoments::add_block(const Array& rows) {
  Array z = plain_rows(rows);
  std::vector<double> lengths = row_lengths(z);
  if (!std::isfinite(std::accumulate(lengths.begin(), lengths.end(), 0.0))) {  // a closer look is needed
    const std::vector<int64_t> good = finite_indices(z);
    const int64_t bad = z.size(0) - static_cast<int64_t>(good.size());
    if (!skip_nonfinite_ && bad > 0) {
      throw NumericalError(format("%lld rows of a block of %lld hold values that are not finite",
                                  static_cast<long long>(bad), static_cast<long long>(z.size(0))));
    }
    skipped_ += bad;
    z = z.rows(good);
    lengths = row_lengths(z);
  }
  const Array in_range = rows_in_range(z, lengths);
  add_unit_sums(in_range, lengths, unit_sum_.mutable_values<double>(), unit_squares_.mutable_values<double>());
  covariance_.add(l2_normalize_ ? unit_rows(in_range) : z);
}

void FeatureMoments::add(const FeatureMoments& other) {
  covariance_.add(other.covariance_);
  add_to(unit_sum_, other.unit_sum_);
  add_to(unit_squares_, other.unit_squares_);
  skipped_ += other.skipped_;
  roundoff_ = std::max(roundoff_, other.roundoff_);
}

FeatureMoments::Sums FeatureMoments::sums() const {
  return {covariance_.sums(), unit_sum_, unit_squares_, skipped_, roundoff_};
}

void FeatureMoments::restore(const Sums& sums) {
  const std::vector<int64_t> width = {dimensions()};
  if (sums.covariance.mean.shape() != width || sums.unit_sum.shape() != width || sums.unit_squares.shape() != width) {
    throw std::invalid_argument("[FeatureMoments::restore] expected sums of " + std::to_string(dimensions()) +
                                " dimensions");
  }
  covariance_ = Covariance(sums.covariance);
  unit_sum_ = sums.unit_sum;
  unit_squares_ = sums.unit_squares;
  skipped_ = sums.skipped;
  roundoff_ = sums.roundoff;
}

Directions FeatureMoments::unit_directions() const {
  std::vector<double> unit_mean = array::to_doubles(unit_sum_), unit_variance = array::to_doubles(unit_squares_);
  const auto n = static_cast<double>(count());
  for (size_t d = 0; d < unit_mean.size(); ++d) {
    unit_mean[d] /= n;
    unit_variance[d] = std::max(unit_variance[d] / n - unit_mean[d] * unit_mean[d], 0.0);
  }
  if (auto near = near_directions(covariance_)) unit_variance = std::move(*near);
  return directions(unit_mean, unit_variance);
}

SpectrumSummary FeatureMoments::summary() const {
  require_squares_in_range(sums());
  auto [centred, uncentred] = covariance_.spectra();
  const double mean_square =
      std::accumulate(uncentred.begin(), uncentred.end(), 0.0) / static_cast<double>(dimensions());
  const double of_type = rounding_variance(roundoff_, mean_square, dimensions(), static_cast<double>(count()));
  SpectrumSummary s = measure(covariance_.variance(), std::move(centred), of_type);
  const double uncentred_floor = rounding_floor(uncentred, of_type);
  s.uncentred = cleared_below(std::move(uncentred), uncentred_floor);
  s.rankme = rankme(roots(s.uncentred), 0);
  const Directions spread = unit_directions();
  s.normalized_std = spread.normalized_std;
  s.mean_cosine = spread.mean_cosine;
  s.direction_spread = spread.spread;
  s.samples = count();
  s.skipped = skipped_;
  s.l2_normalized = l2_normalize_;
  return s;
}

SpectrumSummary summarize(const Array& features, bool l2_normalize) {
  if (features.dim() != 2 || features.size(0) < 2) {
    throw std::invalid_argument("[summarize] expected (N >= 2, D), got " + features.describe());
  }
  FeatureMoments moments(features.size(1), l2_normalize);
  moments.add(features);
  return moments.summary();
}

Array finite_rows(const Array& rows) {
  const Array z = plain_rows(rows);
  const std::vector<int64_t> good = finite_indices(z);
  return static_cast<int64_t>(good.size()) == z.size(0) ? z : z.rows(good);
}

}  // namespace directclr::spectrum
