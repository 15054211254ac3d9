#include "directclr/causes/rows.h"

#include <algorithm>
#include <cmath>

#include "directclr/linalg/scatter.h"

namespace directclr::causes {

using array::Array;

Array products_of_columns(const Array& x, const Array& y) {
  const std::vector<double> none(static_cast<size_t>(std::max(x.size(1), y.size(1))), 0);
  return linalg::cross_products(x, std::span(none).first(static_cast<size_t>(x.size(1))), y,
                                std::span(none).first(static_cast<size_t>(y.size(1))));
}

Array products_of_rows(const Array& x, const Array& y) {
  return products_of_columns(x.transposed().contiguous(), y.transposed().contiguous());
}

std::vector<double> row_products(const Array& x, const Array& y) {
  const auto a = x.values<double>(), b = y.values<double>();
  const auto width = static_cast<size_t>(x.size(1));
  std::vector<double> sums(static_cast<size_t>(x.size(0)), 0);
  for (size_t i = 0; i < sums.size(); ++i) {
    for (size_t j = i * width; j < (i + 1) * width; ++j) sums[i] += a[j] * b[j];
  }
  return sums;
}

Array rows_times(const Array& x, std::span<const double> factors) {
  Array scaled = x.clone();
  const auto values = scaled.mutable_values<double>();
  const auto width = static_cast<size_t>(x.size(1));
  for (size_t i = 0; i < factors.size(); ++i) {
    for (size_t j = i * width; j < (i + 1) * width; ++j) values[j] *= factors[i];
  }
  return scaled;
}

void add_to(Array& x, const Array& y, double scale) {
  const auto to = x.mutable_values<double>();
  const auto from = y.values<double>();
  for (size_t i = 0; i < to.size(); ++i) to[i] += scale * from[i];
}

std::vector<double> along(const Array& v, const Array& matrix) {
  return v.size(0) == 0 ? std::vector<double>{} : row_products(linalg::product(v, matrix), v);
}

double trace(const Array& matrix) {
  const auto values = matrix.values<double>();
  const auto step = static_cast<size_t>(matrix.size(1)) + 1;
  double sum = 0;
  for (size_t i = 0; i < values.size(); i += step) sum += values[i];
  return sum;
}

Array unit_rows(const Array& z) {
  std::vector<double> factors = row_products(z, z);
  for (double& factor : factors) factor = 1 / std::max(std::sqrt(factor), 1e-12);
  return rows_times(z, factors);
}

}  // namespace directclr::causes
