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

double participation_ratio(const std::vector<double>& values) {
  double sum = 0;
  double squares = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
  }
  return squares > 0 ? sum * sum / squares : 0;
}

int64_t count_below(const std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  const double largest = *std::max_element(values.begin(), values.end());
  if (!(largest > 0)) return static_cast<int64_t>(values.size());
  return std::count_if(values.begin(), values.end(), [&](double value) { return value < share * largest; });
}

}  // namespace directclr::spectrum
