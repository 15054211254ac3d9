#include "directclr/report/axis_scale.h"

#include <algorithm>
#include <cmath>

namespace directclr::report {
namespace {

constexpr double kDecades = 100;   // of the largest over the smallest, on a linear axis
constexpr double kDeepest = 1e-8;  // of the largest: what lies nearer to 0 is shown as good as 0

}  // namespace

AxisScale scale_of(const std::vector<double>& values) {
  std::vector<double> sizes;
  bool positive = true;
  for (const double v : values) {
    if (!std::isfinite(v)) continue;
    positive = positive && v > 0;
    if (v != 0) sizes.push_back(std::abs(v));
  }
  if (sizes.empty()) return {};
  const double largest = *std::max_element(sizes.begin(), sizes.end());
  if (positive) {
    const double least = *std::min_element(sizes.begin(), sizes.end());
    return {largest >= kDecades * least ? AxisScale::Kind::kLog : AxisScale::Kind::kLinear};
  }
  // Of values of both signs a few are always near 0: most of them decide.
  const auto tenth = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 10);
  std::nth_element(sizes.begin(), tenth, sizes.end());
  const double small = std::max(*tenth, kDeepest * largest);
  if (largest < kDecades * small) return {};
  return {AxisScale::Kind::kSignedLog, std::pow(10, std::floor(std::log10(small)))};
}

std::vector<double> signed_ticks(const AxisScale& scale, double low, double high, int most) {
  std::vector<double> ticks = {0};
  const double largest = std::max({std::abs(low), std::abs(high), scale.within});
  const int top = static_cast<int>(std::floor(std::log10(largest)));
  const int bottom = static_cast<int>(std::lround(std::log10(scale.within)));
  const int every = std::max(1, (top - bottom + most) / most);
  for (int exponent = top; exponent >= bottom; exponent -= every) {
    ticks.push_back(std::pow(10, exponent));
    ticks.push_back(-std::pow(10, exponent));
  }
  std::erase_if(ticks, [&](double tick) { return tick < low || tick > high; });
  std::sort(ticks.begin(), ticks.end());
  return ticks;
}

}  // namespace directclr::report
