#include "directclr/spectrum/jackknife.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "directclr/spectrum/measures.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::spectrum {
namespace {

// Of the measures that the jackknife holds for, in their table's order.
std::vector<double> values_from(const Covariance& covariance) {
  const SpectrumSummary s = summarize_covariance(covariance.matrix());
  std::vector<double> values;
  for (const auto& kind : measure_kinds()) {
    if (kind.jackknife) values.push_back(kind.value(s));
  }
  return values;
}

}  // namespace

Jackknife::Jackknife(int64_t dimensions, int64_t groups) {
  if (dimensions < 1 || groups < 2) {
    throw std::invalid_argument("[Jackknife] expected dimensions >= 1 and groups >= 2");
  }
  for (int64_t g = 0; g < groups; ++g) groups_.emplace_back(dimensions);
}

void Jackknife::add(const array::Array& rows) {
  const auto count = static_cast<int64_t>(groups_.size());
  for (int64_t offset = 0; offset < std::min(count, rows.size(0)); ++offset) {
    groups_[static_cast<size_t>((next_ + offset) % count)].add(rows.slice(offset, rows.size(0), count));
  }
  next_ = (next_ + rows.size(0)) % count;
}

std::vector<JackknifeEstimate> Jackknife::estimates() const {
  const int64_t width = groups_[0].dimensions();
  const auto without = [&](size_t left_out) {
    Covariance sum(width);
    for (size_t g = 0; g < groups_.size(); ++g) {
      if (g != left_out) sum.add(groups_[g]);
    }
    return values_from(sum);
  };
  const auto whole = without(SIZE_MAX);
  std::vector<std::vector<double>> parts;
  for (size_t g = 0; g < groups_.size(); ++g) parts.push_back(without(g));
  const auto n = static_cast<double>(groups_.size());
  std::vector<JackknifeEstimate> estimates;
  size_t m = 0;
  for (const auto& kind : measure_kinds()) {
    if (!kind.jackknife) continue;
    double mean = 0, squares = 0;
    for (const auto& part : parts) mean += part[m] / n;
    for (const auto& part : parts) squares += (part[m] - mean) * (part[m] - mean);
    estimates.push_back({kind.name, whole[m], std::sqrt((n - 1) / n * squares), (n - 1) * (mean - whole[m])});
    ++m;
  }
  return estimates;
}

}  // namespace directclr::spectrum
