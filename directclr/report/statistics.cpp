#include "directclr/report/statistics.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "directclr/core/philox.h"

namespace directclr::report {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double sd_of(const std::vector<double>& values, double mean) {
  double sum = 0;
  for (const double v : values) sum += (v - mean) * (v - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

// Linear interpolation between the sorted values, as NumPy's default.
double quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) result[order[i]] = static_cast<double>(begin + end - 1) / 2;
    begin = end;
  }
  return result;
}

}  // namespace

Sample sample(const std::vector<double>& values) {
  Sample s{static_cast<int64_t>(values.size()), NAN, NAN, NAN, NAN};
  if (values.empty()) return s;
  s.mean = mean_of(values);
  if (values.size() < 2) return s;
  s.sd = sd_of(values, s.mean);
  constexpr size_t kResamples = 10000;
  RandomStream random(0, Purpose::kBootstrap);
  std::vector<double> means(kResamples);
  for (double& m : means) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) sum += values[random.below(static_cast<uint32_t>(values.size()))];
    m = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  s.low = quantile(means, 0.025);
  s.high = quantile(means, 0.975);
  return s;
}

double student_t(double t, int64_t degrees) {
  const double theta = std::atan(t / std::sqrt(static_cast<double>(degrees)));
  const double sine = std::sin(theta), cosine = std::cos(theta), square = cosine * cosine;
  // The probability of |T| < t, as a finite sum: odd degrees sum odd powers of the cosine, even ones even powers.
  const bool odd = degrees % 2 == 1;
  double term = odd ? cosine : 1;
  double sum = degrees == 1 ? 0 : term;
  for (int64_t k = odd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= square * static_cast<double>(k - 1) / static_cast<double>(k);
    sum += term;
  }
  const double inside = odd ? 2 / std::numbers::pi * (theta + sine * sum) : sine * sum;
  return std::clamp((1 + inside) / 2, 0.0, 1.0);
}

double probability_above_zero(const std::vector<double>& differences) {
  const auto n = static_cast<int64_t>(differences.size());
  if (n < 2) return NAN;
  const double mean = mean_of(differences);
  const double sd = sd_of(differences, mean);
  if (sd == 0) return mean > 0 ? 1 : mean < 0 ? 0 : 0.5;
  return student_t(mean / (sd / std::sqrt(static_cast<double>(n))), n - 1);
}

std::vector<bool> below_zero(const std::vector<double>& means, const std::vector<double>& errors, int64_t degrees) {
  constexpr double kShare = 0.05;
  const auto chance = [&](size_t i) {
    if (errors[i] > 0) return degrees >= 1 && std::isfinite(errors[i]) ? student_t(means[i] / errors[i], degrees) : 1.0;
    return means[i] < 0 ? 0.0 : 1.0;
  };
  std::vector<size_t> order(means.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return chance(i) < chance(j); });
  size_t named = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    if (chance(order[k]) <= kShare * static_cast<double>(k + 1) / static_cast<double>(order.size())) named = k + 1;
  }
  std::vector<bool> below(means.size(), false);
  for (size_t k = 0; k < named; ++k) below[order[k]] = true;
  return below;
}

double rank_correlation(const std::vector<double>& x, const std::vector<double>& y) {
  if (x.size() < 3 || x.size() != y.size()) return NAN;
  const auto a = ranks(x), b = ranks(y);
  const double mean = mean_of(a);  // the same for both
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return aa == 0 || bb == 0 ? NAN : ab / std::sqrt(aa * bb);
}

}  // namespace directclr::report
