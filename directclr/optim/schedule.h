#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace directclr::optim {

/// Linear warm-up from 0, then a half cosine from the peak to `final_share` of it. A pure function of the step, so a
/// resumed run cannot differ from an uninterrupted one.
struct CosineSchedule {
  double peak = 0.1;
  int64_t warmup_steps = 0;
  int64_t total_steps = 1;
  double final_share = 0;

  /// Learning rate of step 0 .. total_steps - 1.
  double at(int64_t step) const {
    if (step < warmup_steps) return peak * static_cast<double>(step) / static_cast<double>(warmup_steps);
    const int64_t span = total_steps - warmup_steps;
    const double t = span > 0 ? static_cast<double>(step - warmup_steps) / static_cast<double>(span) : 1;
    const double q = 0.5 * (1 + std::cos(std::numbers::pi * t));
    return peak * (q + final_share * (1 - q));
  }
};

}  // namespace directclr::optim
