#include "directclr/report/trend.h"

#include <algorithm>

namespace directclr::report {

std::optional<Fall> fall_of(const Course& rank) {
  if (rank.values.size() < kFewestForATrend) return std::nullopt;
  const auto highest = std::max_element(rank.values.begin(), rank.values.end());
  if (!(rank.values.back() < kFallenBelow * *highest)) return std::nullopt;
  constexpr double kHolds = 0.99;
  const size_t count = rank.values.size();
  const bool still = rank.values.back() < kHolds * rank.values[count - 1 - (count + 3) / 4];
  return Fall{rank.steps[static_cast<size_t>(highest - rank.values.begin())], *highest, rank.values.back(), still};
}

std::optional<double> collapsed_since(const Course& dead, int64_t dimensions, double share) {
  const double line = share * static_cast<double>(dimensions);
  std::optional<double> since;
  for (size_t k = dead.values.size(); k-- > 0 && dead.values[k] > 0 && dead.values[k] >= line;) since = dead.steps[k];
  return since;
}

}  // namespace directclr::report
