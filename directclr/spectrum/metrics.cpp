#include "directclr/spectrum/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace directclr::spectrum {

double effective_rank(const std::vector<double>& values) {
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  if (!(sum > 0)) return 0;
  double entropy = 0;
  for (const double value : values) {
    const double p = value / sum;
    if (p > 0) entropy -= p * std::log(p);
  }
  return std::exp(entropy);
}

double rankme(const std::vector<double>& sigma, double epsilon) {
  const double sum = std::accumulate(sigma.begin(), sigma.end(), 0.0);
  if (!(sum > 0)) return 0;
  double entropy = 0;
  for (const double value : sigma) {
    const double p = value / sum + epsilon;
    if (p > 0) entropy -= p * std::log(p);
  }
  return std::exp(entropy);
}

double participation_ratio(const std::vector<double>& values) {
  double sum = 0;
  double squares = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
  }
  return squares > 0 ? sum * sum / squares : 0;
}

double stable_rank(const std::vector<double>& lambda) {
  const double sum = std::accumulate(lambda.begin(), lambda.end(), 0.0);
  return sum > 0 ? sum / *std::max_element(lambda.begin(), lambda.end()) : 0;
}

int64_t components_holding(const std::vector<double>& lambda, double share) {
  const double sum = std::accumulate(lambda.begin(), lambda.end(), 0.0);
  if (!(sum > 0)) return 0;
  // A sum that rounding leaves a little short of the share counts.
  const double enough = share * sum * (1 - 1e-12);
  double so_far = 0;
  int64_t count = 0;
  for (const double value : lambda) {
    if (so_far >= enough) break;
    so_far += value;
    ++count;
  }
  return count;
}

double cumulative_area(const std::vector<double>& lambda) {
  double sum = 0;
  for (const double value : lambda) sum += std::sqrt(value);
  if (!(sum > 0)) return NAN;
  double so_far = 0, area = 0;
  for (const double value : lambda) {
    so_far += std::sqrt(value) / sum;
    area += so_far;
  }
  return area / static_cast<double>(lambda.size());
}

double condition_number(const std::vector<double>& lambda, double floor) {
  if (lambda.empty() || !(lambda.front() > 0)) return NAN;
  if (!(lambda.back() > 0)) return INFINITY;
  return lambda.back() > floor ? lambda.front() / lambda.back() : NAN;
}

PowerLaw power_law(const std::vector<double>& lambda, int64_t first, int64_t last) {
  PowerLaw fit{NAN, NAN, first, std::min(last, static_cast<int64_t>(lambda.size()))};
  // Weighted means first, then the slope: no sum of large squares is subtracted from another.
  double weights = 0, mean_x = 0, mean_y = 0;
  int64_t count = 0;
  const auto each = [&](auto&& use) {
    for (int64_t j = std::max<int64_t>(1, first); j <= fit.last; ++j) {
      const double value = lambda[static_cast<size_t>(j - 1)];
      if (value > 0) use(1 / static_cast<double>(j), std::log(static_cast<double>(j)), std::log(value));
    }
  };
  while (fit.last >= std::max<int64_t>(1, first) && !(lambda[static_cast<size_t>(fit.last - 1)] > 0)) --fit.last;
  each([&](double w, double x, double y) {
    weights += w;
    mean_x += w * x;
    mean_y += w * y;
    ++count;
  });
  if (count < 3) {
    fit.last = std::min(last, static_cast<int64_t>(lambda.size()));
    return fit;
  }
  mean_x /= weights;
  mean_y /= weights;
  double xx = 0, xy = 0, yy = 0;
  each([&](double w, double x, double y) {
    xx += w * (x - mean_x) * (x - mean_x);
    xy += w * (x - mean_x) * (y - mean_y);
    yy += w * (y - mean_y) * (y - mean_y);
  });
  fit.alpha = -xy / xx;
  fit.r2 = yy > 0 ? xy * xy / (xx * yy) : 1;
  return fit;
}

int64_t count_below(const std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const double largest = *std::max_element(values.begin(), values.end());
  if (!(largest > 0)) return static_cast<int64_t>(values.size());
  return std::count_if(values.begin(), values.end(), [&](double value) { return value < share * largest; });
}

}  // namespace directclr::spectrum
