#include "directclr/causes/estimate.h"

#include <cmath>
#include <limits>

#include "directclr/report/statistics.h"

namespace directclr::causes {

Estimate estimate(const std::vector<std::vector<double>>& samples) {
  const size_t width = samples.front().size();
  const auto n = static_cast<double>(samples.size());
  Estimate e{std::vector<double>(width, 0), std::vector<double>(width, 0), {}, {}};
  for (size_t k = 0; k < width; ++k) {
    for (const auto& sample : samples) e.mean[k] += sample[k] / n;
    for (const auto& sample : samples) e.error[k] += (sample[k] - e.mean[k]) * (sample[k] - e.mean[k]);
    e.error[k] = samples.size() > 1 ? std::sqrt(e.error[k] / (n - 1) / n) : std::numeric_limits<double>::infinity();
  }
  const auto degrees = static_cast<int64_t>(samples.size()) - 1;
  std::vector<double> opposite;
  for (const double mean : e.mean) opposite.push_back(-mean);
  e.below = report::below_zero(e.mean, e.error, degrees);
  e.above = report::below_zero(opposite, e.error, degrees);
  return e;
}

}  // namespace directclr::causes
