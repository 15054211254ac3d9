#include "directclr/linalg/svd.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/philox.h"
#include "directclr/linalg/gram_schmidt.h"
#include "directclr/linalg/panels.h"
#include "directclr/linalg/scatter.h"
#include "directclr/linalg/symmetric_eigenvalues.h"
#include "directclr/linalg/tridiagonal.h"

namespace directclr::linalg {
namespace {

using array::Array;
using array::DType;

// As float64, divided by `scale`: a power of two that brings the largest element near one, so that no square overflows
// or vanishes.
Array checked(const Array& matrix, double& scale) {
  if (matrix.dim() != 2 || matrix.numel() == 0 || !array::is_floating(matrix.dtype())) {
    throw std::invalid_argument("[svd] expected an (m, n) matrix of floating numbers, got " + matrix.describe());
  }
  const Array wide = matrix.to(DType::kFloat64);
  double largest = 0;
  for (const double value : wide.values<double>()) {
    if (!std::isfinite(value)) throw NumericalError("a matrix holds values that are not finite");
    largest = std::max(largest, std::abs(value));
  }
  int exponent = 0;
  std::frexp(largest, &exponent);
  scale = 1;
  if (std::abs(exponent) < 200) return wide;
  scale = std::ldexp(1, std::clamp(exponent, -1000, 1000));
  Array scaled = wide.clone();
  for (double& value : scaled.mutable_values<double>()) value /= scale;
  return scaled;
}

// With at least as many rows as columns.
Array upright(const Array& matrix) {
  return matrix.size(0) >= matrix.size(1) ? matrix : matrix.transposed().contiguous();
}

std::vector<double> roots(std::vector<double> values) {
  for (double& value : values) value = std::sqrt(std::max(value, 0.0));
  return values;
}

std::vector<double> times(std::vector<double> values, double scale) {
  for (double& value : values) value *= scale;
  return values;
}

// Householder reflections from both sides bring A (m, n), m >= n, to upper bidiagonal form B (Golub and Kahan 1965),
// whose singular values are the positive half of the eigenvalues of a tridiagonal matrix: its diagonal is zero, beside
// it stand the elements of B in turn.
std::vector<double> bidiagonal_values(const Array& tall) {
  const PanelKernels& k = panel_kernels();
  const auto m = static_cast<size_t>(tall.size(0)), n = static_cast<size_t>(tall.size(1)), stride = (m + 7) / 8 * 8;
  std::vector<double> columns(n * stride, 0), product(stride), v(stride), w(n);
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = 0; j < n; ++j) columns[j * stride + i] = tall.data<double>()[i * n + j];
  }
  const auto column = [&](size_t j) { return columns.data() + j * stride; };
  // Makes v of the elements from `from` on, so that (I - tau v v^T) leaves only the first; returns that and tau.
  const auto reflection = [](double* x, size_t from, size_t end) {
    double rest = 0;
    for (size_t i = from + 1; i < end; ++i) rest += x[i] * x[i];
    const double first = x[from];
    if (rest == 0) return std::pair(first, 0.0);
    const double beta = -std::copysign(std::sqrt(first * first + rest), first);
    for (size_t i = from + 1; i < end; ++i) x[i] /= first - beta;
    x[from] = 1;
    return std::pair(beta, (beta - first) / beta);
  };
  Tridiagonal t{std::vector<double>(2 * n, 0), std::vector<double>(2 * n - 1, 0)};
  for (size_t s = 0; s < n; ++s) {
    std::fill(v.begin(), v.end(), 0);
    std::copy(column(s) + s, column(s) + m, v.begin() + static_cast<ptrdiff_t>(s));
    const auto [diagonal, tau] = reflection(v.data(), s, m);
    t.off_diagonal[2 * s] = diagonal;
    parallel_for(n - s - 1, 64, [&, tau = tau](size_t begin, size_t end) {
      for (size_t j = s + 1 + begin; j < s + 1 + end; ++j) {
        k.add_scaled(v.data(), -tau * k.dot(v.data(), column(j), stride), stride, column(j));
      }
    });
    if (s + 1 == n) break;
    for (size_t j = s + 1; j < n; ++j) w[j] = column(j)[s];
    const auto [above, tau_right] = reflection(w.data(), s + 1, n);
    t.off_diagonal[2 * s + 1] = above;
    std::fill(product.begin(), product.end(), 0);
    for (size_t j = s + 1; j < n; ++j) k.add_scaled(column(j), tau_right * w[j], stride, product.data());
    for (size_t j = s + 1; j < n; ++j) k.add_scaled(product.data(), -w[j], stride, column(j));
  }
  std::vector<double> values = eigenvalues(t, 2 * n);
  values.resize(n);
  for (double& value : values) value = std::max(value, 0.0);
  return values;
}

}  // namespace

std::vector<double> singular_values(const Array& matrix, SvdMethod method) {
  double scale = 1;
  const Array tall = upright(checked(matrix, scale));
  if (method == SvdMethod::kGram) return times(roots(symmetric_eigenvalues(gram(tall))), scale);
  return times(bidiagonal_values(tall), scale);
}

Svd thin_svd(const Array& matrix) {
  double scale = 1;
  const Array wide = checked(matrix, scale), tall = upright(wide);
  SymmetricEigen right = symmetric_eigenvectors(gram(tall));
  Svd svd;
  svd.sigma = roots(std::move(right.values));
  // The vectors of the longer side: (A v_k) / sigma_k, whose length is 1 where sigma_k is not lost in rounding. What
  // they lack of being orthogonal is that of the v_k, times the largest value over their own.
  Array left = product(right.vectors, tall.transposed().contiguous());
  const PanelKernels& k = panel_kernels();
  const auto r = static_cast<size_t>(left.size(0)), length = static_cast<size_t>(left.size(1));
  const size_t stride = (length + 7) / 8 * 8;
  std::vector<double> rows(r * stride, 0);
  const auto row = [&](size_t i) { return rows.data() + i * stride; };
  double* const values = left.mutable_data<double>();
  for (size_t i = 0; i < r; ++i) std::copy_n(values + i * length, length, row(i));
  size_t seen = 0;
  for (; seen < r; ++seen) {
    const double norm = std::sqrt(k.dot(row(seen), row(seen), stride));
    if (std::min(norm, svd.sigma[seen]) <= 1e-7 * svd.sigma[0]) break;
    // Large ones are orthogonal as they are.
    orthogonalize(k, rows.data(), stride, norm < 1e-3 * svd.sigma[0] ? 0 : seen, seen);
  }
  for (size_t i = seen; i < r; ++i) {  // some directions, for want of others
    RandomStream random(0, Purpose::kSplit, static_cast<uint32_t>(i));
    for (size_t j = 0; j < length; ++j) row(i)[j] = random.uniform(-1, 1);
    orthogonalize(k, rows.data(), stride, 0, i);
  }
  for (size_t i = 0; i < r; ++i) std::copy_n(row(i), length, values + i * length);
  const bool turned = wide.size(0) < wide.size(1);
  svd.u = turned ? right.vectors : left;
  svd.v = turned ? left : right.vectors;
  svd.sigma = times(std::move(svd.sigma), scale);
  return svd;
}

}  // namespace directclr::linalg
