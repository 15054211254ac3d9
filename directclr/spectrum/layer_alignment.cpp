#include "directclr/spectrum/layer_alignment.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "directclr/linalg/scatter.h"

namespace directclr::spectrum {

bool has_distinct_values(const std::vector<double>& values) {
  if (values.empty() || values[0] <= 0) return false;
  const double gap = 1e-6 * values[0];
  size_t positive = 0;
  size_t apart = 0;
  for (size_t k = 0; k < values.size() && values[k] > gap; ++k) {
    ++positive;
    const bool from_last = k == 0 || values[k - 1] - values[k] > gap;
    const bool from_next = k + 1 == values.size() || values[k] - values[k + 1] > gap;
    if (from_last && from_next) ++apart;
  }
  return 2 * apart > positive;
}

LayerAlignment layer_alignment(const linalg::Svd& first, const linalg::Svd& second) {
  const int64_t between = first.u.size(1);
  if (second.v.size(1) != between) {
    throw std::invalid_argument("[layer_alignment] expected (m, n) and (p, m), got left vectors of " +
                                std::to_string(between) + " and right vectors of " + std::to_string(second.v.size(1)));
  }
  LayerAlignment result;
  result.matrix = linalg::product(second.v, first.u.transposed().contiguous());
  result.first = first.sigma;
  result.second = second.sigma;
  const auto rows = static_cast<size_t>(result.matrix.size(0)), columns = static_cast<size_t>(result.matrix.size(1));
  const size_t pairs = std::min(rows, columns), leading = std::max<size_t>(1, pairs / 4);
  double sum = 0, diagonal = 0;
  const auto values = result.matrix.mutable_values<double>();
  for (double& value : values) sum += value = std::abs(value);
  for (size_t k = 0; k < pairs; ++k) {
    diagonal += values[k * (columns + 1)];
    if (k < leading) result.leading_diagonal += values[k * (columns + 1)] / static_cast<double>(leading);
  }
  const size_t others = rows * columns - pairs;
  if (others > 0) result.off_diagonal = (sum - diagonal) / static_cast<double>(others);
  result.chance = std::sqrt(2 / (std::numbers::pi * static_cast<double>(between)));
  result.distinct = has_distinct_values(result.first) && has_distinct_values(result.second);
  return result;
}

LayerAlignment layer_alignment(const array::Array& first, const array::Array& second) {
  return layer_alignment(linalg::thin_svd(first), linalg::thin_svd(second));
}

}  // namespace directclr::spectrum
