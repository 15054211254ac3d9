#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace directclr::report {

/// A number of a training by step, as metrics.jsonl has it.
struct Course {
  std::vector<double> steps;
  std::vector<double> values;  ///< as many
};

/// Falling: the last value is below this share of the highest.
inline constexpr double kFallenBelow = 0.8;
/// Of fewer values nothing is said.
inline constexpr size_t kFewestForATrend = 5;

/// How the effective rank went, where it fell.
struct Fall {
  double since = 0;   ///< the step of the highest value
  double from = 0;    ///< that value,
  double to = 0;      ///< and the last
  bool still = true;  ///< whether it fell by 1 % or more in the last quarter of the log
};
/// Nothing where the rank did not fall below kFallenBelow of its highest value, or there are too few values.
std::optional<Fall> fall_of(const Course& rank);

/// The step from which on, to the end, at least `share` of `dimensions` directions were dead. Nothing where the last
/// value is below that, or there are no values.
std::optional<double> collapsed_since(const Course& dead, int64_t dimensions, double share);

}  // namespace directclr::report
