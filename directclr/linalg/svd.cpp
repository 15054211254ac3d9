#include "directclr/linalg/svd.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "directclr/core/dispatch.h"
#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/philox.h"
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

// In lanes that the compiler turns into vectors.
DIRECTCLR_CLONES double inner(const double* a, const double* b, size_t n) {
  constexpr size_t kLanes = 16;
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (size_t l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
  }
  for (; i < n; ++i) lanes[0] += a[i] * b[i];
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

DIRECTCLR_CLONES void subtract_scaled(const double* a, double scale, size_t n, double* from) {
  for (size_t i = 0; i < n; ++i) from[i] -= scale * a[i];
}

// Makes row i, which is not 0, of length 1 and orthogonal to all before it.
void straighten(Array& rows, size_t i) {
  const auto n = static_cast<size_t>(rows.size(1));
  double* const values = rows.mutable_data<double>();
  double* const x = values + i * n;
  const auto normalize = [&] {
    const double length = std::sqrt(inner(x, x, n));
    for (size_t j = 0; j < n; ++j) x[j] /= length;
    return length;
  };
  normalize();
  // Again where little is left, and rounding a large part of that.
  bool again = i > 0;
  for (int pass = 0; again && pass < 4; ++pass) {
    for (size_t other = 0; other < i; ++other) {
      const double* const y = values + other * n;
      subtract_scaled(y, inner(x, y, n), n, x);
    }
    again = normalize() < 0.5;
  }
}

// Gives rows `first` and beyond some directions orthogonal to all before them.
void complete(Array& rows, size_t first) {
  const auto count = static_cast<size_t>(rows.size(0)), n = static_cast<size_t>(rows.size(1));
  double* const values = rows.mutable_data<double>();
  for (size_t i = first; i < count; ++i) {
    RandomStream random(0, Purpose::kSplit, static_cast<uint32_t>(i));
    for (size_t j = 0; j < n; ++j) values[i * n + j] = random.uniform(-1, 1);
    straighten(rows, i);
  }
}

// Householder reflections from both sides bring A (m, n), m >= n, to upper bidiagonal form B (Golub and Kahan 1965),
// whose singular values are the positive half of the eigenvalues of a tridiagonal matrix: its diagonal is zero, beside
// it stand the elements of B in turn.
std::vector<double> bidiagonal_values(const Array& tall) {
  const PanelKernels& k = panel_kernels();
  const auto m = static_cast<size_t>(tall.size(0)), n = static_cast<size_t>(tall.size(1)), stride = (m + 7) / 8 * 8;
  std::vector<double> columns(n * stride, 0), product(stride), v(stride), w(n);
  double largest = 0;
  for (size_t i = 0; i < m; ++i) {
    for (size_t j = 0; j < n; ++j) {
      columns[j * stride + i] = tall.data<double>()[i * n + j];
      largest = std::max(largest, std::abs(columns[j * stride + i]));
    }
  }
  if (largest == 0) return std::vector<double>(n, 0);
  for (double& value : columns) value /= largest;
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
  for (double& value : values) value = std::max(value, 0.0) * largest;
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
  const auto r = static_cast<size_t>(left.size(0)), length = static_cast<size_t>(left.size(1));
  double* const values = left.mutable_data<double>();
  size_t seen = 0;
  for (; seen < r; ++seen) {
    double* const row = values + seen * length;
    const double norm = std::sqrt(inner(row, row, length));
    if (std::min(norm, svd.sigma[seen]) <= 1e-7 * svd.sigma[0]) break;
    if (norm < 1e-3 * svd.sigma[0]) {
      straighten(left, seen);
    } else {
      for (size_t j = 0; j < length; ++j) row[j] /= norm;
    }
  }
  complete(left, seen);
  const bool turned = wide.size(0) < wide.size(1);
  svd.u = turned ? right.vectors : left;
  svd.v = turned ? left : right.vectors;
  svd.sigma = times(std::move(svd.sigma), scale);
  return svd;
}

}  // namespace directclr::linalg
