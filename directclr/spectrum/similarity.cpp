#include "directclr/spectrum/similarity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/linalg/scatter.h"
#include "directclr/linalg/symmetric_eigenvalues.h"
#include "directclr/spectrum/column_moments.h"
#include "directclr/spectrum/metrics.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;

// Plain rows times a number, so that products of their squares neither overflow nor vanish.
Array scaled(const Array& rows) {
  const Array wide = rows.to(DType::kFloat64);
  const double scale = scale_into_range(wide.values<double>());
  return scale == 1 ? rows : times(wide, scale);
}

// Rows, up to a factor, and what all products with them need.
struct Centred {
  explicit Centred(const Array& z) : rows(scaled(plain_rows(z))), mean(mean_of(rows)) {
    const auto width = mean.size();
    for (int64_t i = 0; i < rows.size(0); ++i) {
      const Array row = rows.slice(i, i + 1).to(DType::kFloat64);
      double sum = 0;
      for (size_t d = 0; d < width; ++d) sum += std::pow(row.values<double>()[d] - mean[d], 2);
      squares.push_back(sum);
    }
  }
  Array rows;
  std::vector<double> mean;
  std::vector<double> squares;  // |z_i - mean|^2
};

double squared_norm(const Array& matrix) {
  double sum = 0;
  for (const double value : matrix.values<double>()) sum += value * value;
  return sum;
}

// |Y^T X|_F^2, and its unbiased form.
LinearCka squared_norms(const Centred& x, const Centred& y) {
  const double plain = squared_norm(linalg::cross_products(y.rows, y.mean, x.rows, x.mean));
  const auto n = static_cast<double>(x.squares.size());
  double products = 0, a = 0, b = 0;
  for (size_t i = 0; i < x.squares.size(); ++i) {
    products += x.squares[i] * y.squares[i];
    a += x.squares[i];
    b += y.squares[i];
  }
  return {plain, plain - n / (n - 2) * products + a * b / ((n - 1) * (n - 2))};
}

}  // namespace

LinearCka linear_cka(const Array& x, const Array& y) {
  if (x.dim() != 2 || y.dim() != 2 || x.size(0) != y.size(0) || x.size(0) < 2) {
    throw std::invalid_argument("[linear_cka] expected (N >= 2, D) and (N, E), got " + x.describe() + " and " +
                                y.describe());
  }
  const Centred a(x), b(y);
  const LinearCka xy = squared_norms(a, b), xx = squared_norms(a, a), yy = squared_norms(b, b);
  LinearCka result{xy.plain / std::sqrt(xx.plain * yy.plain), std::numeric_limits<double>::quiet_NaN()};
  if (x.size(0) >= 4 && xx.debiased > 0 && yy.debiased > 0)
    result.debiased = xy.debiased / std::sqrt(xx.debiased * yy.debiased);
  return result;
}

double lidar(const Array& rows, int64_t views, double delta) {
  if (rows.dim() != 2 || views < 2 || rows.size(0) % views != 0 || rows.size(0) < 2 * views) {
    throw std::invalid_argument("[lidar] expected (n q, D) with q = " + std::to_string(views) + " and n >= 2, got " +
                                rows.describe());
  }
  const int64_t n = rows.size(0) / views;
  const auto d = static_cast<size_t>(rows.size(1)), q = static_cast<size_t>(views);
  Array within_rows = rows.to(DType::kFloat64).clone();  // less their samples' means
  Array means = Array::zeros({n, rows.size(1)}, DType::kFloat64);
  for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
    const auto mean = means.mutable_values<double>().subspan(i * d, d);
    const auto own = within_rows.mutable_values<double>().subspan(i * q * d, q * d);
    for (size_t at = 0; at < own.size(); ++at) mean[at % d] += own[at] / static_cast<double>(views);
    for (size_t at = 0; at < own.size(); ++at) own[at] -= mean[at % d];
  }
  // A factor of S_b changes no effective rank: rows so small that their squares vanish have one, too.
  means = times(means, std::max(scale_into_range(means.values<double>()), 1.0));
  const std::vector<double> zero(d, 0), mean = mean_of(means);
  Array between = Array::zeros({rows.size(1), rows.size(1)}, DType::kFloat64);
  linalg::add_scatter(means, mean, zero, between);
  between = linalg::symmetric_from_upper(between, static_cast<double>(n - 1));
  Array within = linalg::gram(within_rows);
  for (double& value : within.mutable_values<double>()) value /= static_cast<double>(n * (views - 1));
  for (size_t k = 0; k < d; ++k) within.mutable_values<double>()[k * (d + 1)] += delta;
  for (size_t k = 0; k < d; ++k) {
    if (std::isfinite(within.values<double>()[k * (d + 1)] + between.values<double>()[k * (d + 1)])) continue;
    throw NumericalError("the values are so large that their squares overflow (divide all by one number)");
  }
  // S_w^-1/2 = V diag(lambda^-1/2) V^T; with W = diag(lambda^-1/2) V^T the eigenvalues of W S_b W^T are those sought.
  linalg::SymmetricEigen eigen = linalg::symmetric_eigenvectors(within);
  Array& whitening = eigen.vectors;
  for (size_t k = 0; k < d; ++k) {
    for (double& value : whitening.mutable_values<double>().subspan(k * d, d)) value /= std::sqrt(eigen.values[k]);
  }
  const Array turned = whitening.transposed().contiguous();
  return effective_rank(covariance_spectrum(linalg::product(linalg::product(whitening, between), turned)));
}

}  // namespace directclr::spectrum
