#include "directclr/linalg/tridiagonal_reduction.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"

namespace directclr::linalg {
namespace {

constexpr size_t kRows = 8;     // of the triangle that are stored side by side
constexpr size_t kSteps = 32;   // whose change of the rest of the matrix is made at once
constexpr size_t kGroups = 8;   // of rows that are multiplied each by one thread
constexpr size_t kAlone = 384;  // rows that a single thread multiplies sooner than several begin

size_t rounded_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

// What lies below the diagonal of a symmetric matrix, by blocks of kRows rows, each as long as its block needs and zero
// from the diagonal on; and the diagonal.
struct Triangle {
  explicit Triangle(size_t n)
      : size(n), padded(rounded_up(n, kRows)), diagonal(padded), values(start(padded / kRows)) {}

  static size_t length(size_t block) { return (block + 1) * kRows; }
  static size_t start(size_t block) { return kRows * kRows * block * (block + 1) / 2; }
  double* block(size_t b) { return values.data() + start(b); }
  double* row(size_t i) { return block(i / kRows) + i % kRows * length(i / kRows); }

  size_t size, padded;
  std::vector<double> diagonal, values;
};

// From row-major rows on and above the diagonal, and a row below the rest where `border` is not null. Everything is
// divided by a power of two that brings the largest near one; returns that.
double fill(Triangle& triangle, const double* upper, size_t n, const double* border) {
  std::vector<double> largest(triangle.padded / kRows, 0);
  parallel_for(largest.size(), 4, [&](size_t begin, size_t end) {
    for (size_t b = begin; b < end; ++b) {
      double* const rows = triangle.block(b);
      const size_t length = Triangle::length(b);
      double most = 0;
      const auto take = [&most](double value) {
        most = std::isfinite(value) ? std::max(most, std::abs(value)) : INFINITY;
        return value;
      };
      for (size_t j = 0; j < std::min(length, n); ++j) {
        for (size_t i = std::max(b * kRows, j); i < std::min((b + 1) * kRows, n); ++i) {
          const double value = take(upper[j * n + i]);
          (i == j ? triangle.diagonal[i] : rows[i % kRows * length + j]) = value;
        }
      }
      if (border && b == n / kRows) {
        for (size_t j = 0; j < n; ++j) triangle.row(n)[j] = take(border[j]);
      }
      largest[b] = most;
    }
  });
  const double most = *std::max_element(largest.begin(), largest.end());
  if (!std::isfinite(most)) throw NumericalError("a symmetric matrix holds values that are not finite");
  if (most == 0) return 1;
  int exponent = 0;
  std::frexp(most, &exponent);
  const double scale = std::ldexp(1, std::clamp(exponent, -1000, 1000));
  for (auto* values : {&triangle.diagonal, &triangle.values}) {
    for (double& value : *values) value /= scale;
  }
  return scale;
}

// One reflection I - tau v v^T after the other, each turning the last row that is left onto the element beside the
// diagonal. What it does to the rows above, A - v w^T - w v^T, waits until kSteps of them can be done as one product
// of matrices; until then left_ and right_ hold what is to be added: the sum of left_q^T right_q.
class Reduction {
 public:
  // `reflections`: where v and tau of each are kept; null: nowhere.
  Reduction(Triangle& triangle, const PanelKernels& kernels, Reflections* reflections)
      : a_(triangle),
        k_(kernels),
        reflections_(reflections),
        left_(2 * kSteps * a_.padded),
        right_(2 * kSteps * a_.padded),
        row_(a_.padded),
        product_(a_.padded),
        sums_(kGroups * a_.padded) {}

  Tridiagonal run() {
    Tridiagonal t{std::vector<double>(a_.size), std::vector<double>(a_.size - 1)};
    for (size_t k = a_.size; k-- > 1;) {
      take_row(k);
      t.off_diagonal[k - 1] = reflect(k);
      if (reflections_) reflections_->keep(k, row_.data(), tau_);
      if (waiting_ == 2 * kSteps || k == 1) change_rest(k);
    }
    std::copy_n(a_.diagonal.begin(), a_.size, t.diagonal.begin());
    return t;
  }

 private:
  double* left(size_t q) { return left_.data() + q * a_.padded; }
  double* right(size_t q) { return right_.data() + q * a_.padded; }

  // Row k with the changes that wait.
  void take_row(size_t k) {
    const size_t length = rounded_up(k, kRows);
    std::copy_n(a_.row(k), length, row_.begin());
    for (size_t q = 0; q < waiting_; ++q) {
      k_.add_scaled(right(q), left(q)[k], length, row_.data());
      a_.diagonal[k] += left(q)[k] * right(q)[k];
    }
    std::fill(row_.begin() + static_cast<ptrdiff_t>(k), row_.end(), 0);
  }

  // Makes a reflection of the row and adds its change to what waits; returns what the row comes to.
  double reflect(size_t k) {
    const size_t length = rounded_up(k, kRows);
    const double last = std::exchange(row_[k - 1], 0);
    const double rest = k_.dot(row_.data(), row_.data(), length);
    tau_ = 0;
    if (rest == 0) return last;
    const double beta = -std::copysign(std::sqrt(last * last + rest), last), tau = tau_ = (beta - last) / beta;
    for (size_t i = 0; i + 1 < k; ++i) row_[i] /= last - beta;
    row_[k - 1] = 1;
    multiply(k);
    k_.add_scaled(row_.data(), -tau / 2 * k_.dot(product_.data(), row_.data(), length), length, product_.data());
    const size_t q = waiting_;
    for (size_t i = 0; i < a_.padded; ++i) {
      const double v = i < k ? row_[i] : 0, w = i < k ? tau * product_[i] : 0;
      left(q)[i] = -v;
      right(q)[i] = w;
      left(q + 1)[i] = -w;
      right(q + 1)[i] = v;
    }
    waiting_ += 2;
    return beta;
  }

  // product_ = A row_, of the k rows that are left, with the changes that wait.
  void multiply(size_t k) {
    const size_t blocks = (k + kRows - 1) / kRows, length = blocks * kRows;
    const size_t groups = k < kAlone ? 1 : kGroups;
    // Groups of even areas: of the first x blocks the area is in proportion to x^2.
    const auto first = [&](size_t group) {
      return static_cast<size_t>(std::lround(static_cast<double>(blocks) *
                                             std::sqrt(static_cast<double>(group) / static_cast<double>(groups))));
    };
    const auto multiply_group = [&](size_t group) {
      double* const sums = sums_.data() + group * a_.padded;
      std::fill_n(sums, first(group + 1) * kRows, 0);
      for (size_t b = first(group); b < first(group + 1); ++b) {
        double dots[kRows] = {};
        k_.multiply_both_ways(a_.block(b), Triangle::length(b), row_.data(), row_.data() + b * kRows, sums, dots);
        for (size_t r = 0; r < kRows; ++r) sums[b * kRows + r] += dots[r];
      }
    };
    if (groups == 1) {
      multiply_group(0);
    } else {
      parallel_for(groups, 1, [&](size_t group, size_t) { multiply_group(group); });
    }
    for (size_t i = 0; i < length; ++i) product_[i] = a_.diagonal[i] * row_[i];
    for (size_t g = 0; g < groups; ++g) {
      k_.add_scaled(sums_.data() + g * a_.padded, 1, first(g + 1) * kRows, product_.data());
    }
    for (size_t q = 0; q < waiting_; ++q) {
      k_.add_scaled(left(q), k_.dot(right(q), row_.data(), length), length, product_.data());
    }
    std::fill(product_.begin() + static_cast<ptrdiff_t>(k), product_.end(), 0);
  }

  // Adds what waits to the k rows that are left.
  void change_rest(size_t k) {
    if (waiting_ == 0) return;
    const size_t blocks = (k + kRows - 1) / kRows, panel = waiting_ * k_.width;
    const size_t panels = rounded_up(rounded_up(k, kRows) / k_.width, k_.across);
    const std::vector<double> nothing(k_.width, 0);
    std::vector<double> packed_left(panels * panel), packed_right(panels * panel);
    const auto each = [](size_t count, const auto& job) {
      parallel_for(count, 4, [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) job(i);
      });
    };
    each(panels, [&](size_t p) {
      const size_t column = std::min(p * k_.width, a_.padded), columns = a_.padded - column;
      const auto stride = static_cast<ptrdiff_t>(a_.padded);
      k_.pack_doubles(left_.data() + column, waiting_, stride, nothing.data(), columns, &packed_left[p * panel]);
      k_.pack_doubles(right_.data() + column, waiting_, stride, nothing.data(), columns, &packed_right[p * panel]);
    });
    const auto change = [&](size_t b) {
      const size_t length = Triangle::length(b), step = k_.across * k_.width;
      double* const rows = a_.block(b);
      for (size_t column = 0; column < length; column += step) {
        for (size_t r = 0; r < kRows; r += k_.width) {
          k_.add_products(&packed_left[(b * kRows + r) / k_.width * panel], &packed_right[column / k_.width * panel],
                          waiting_, k_.width, length - column, rows + r * length + column,
                          static_cast<ptrdiff_t>(length));
        }
      }
      for (size_t r = 0; r < kRows; ++r) {
        const size_t i = b * kRows + r;
        if (i < k) a_.diagonal[i] += rows[r * length + i];
        std::fill_n(rows + r * length + i, kRows - r, 0);
      }
    };
    // Early blocks are short, late ones long: one of each makes an even share.
    each((blocks + 1) / 2, [&](size_t b) {
      change(b);
      if (blocks - 1 - b != b) change(blocks - 1 - b);
    });
    waiting_ = 0;
  }

  Triangle& a_;
  const PanelKernels& k_;
  Reflections* reflections_;
  double tau_ = 0;  // of the reflection made last
  std::vector<double> left_, right_;
  std::vector<double> row_, product_, sums_;
  size_t waiting_ = 0;
};

}  // namespace

Reflections::Reflections(size_t n) : starts_(n, 0), taus_(n, 0) {
  size_t places = 0;
  for (size_t k = 1; k < n; ++k) {
    starts_[k] = places;
    places += rounded_up(k, kRows);
  }
  values_.resize(places, 0);
}

void Reflections::keep(size_t k, const double* v, double tau) {
  std::copy_n(v, k, values_.begin() + static_cast<ptrdiff_t>(starts_[k]));
  taus_[k] = tau;
}

void Reflections::apply(const PanelKernels& kernels, double* vectors, size_t count, size_t stride) const {
  constexpr size_t kVectors = 8;  // that a reflection meets while it is near
  parallel_for(count, kVectors, [&](size_t begin, size_t end) {
    for (size_t k = 1; k < taus_.size(); ++k) {
      const double* const v = values_.data() + starts_[k];
      const size_t length = rounded_up(k, kRows);
      for (size_t i = begin; i < end; ++i) {
        double* const y = vectors + i * stride;
        kernels.add_scaled(v, -taus_[k] * kernels.dot(v, y, length), length, y);
      }
    }
  });
}

Tridiagonal reduce_to_tridiagonal(const array::Array& upper, std::span<const double> border,
                                  const PanelKernels& kernels, double& scale, Reflections* reflections) {
  if (upper.dim() != 2 || upper.size(0) != upper.size(1) || upper.size(0) < 1 || !upper.is_contiguous()) {
    throw std::invalid_argument("[symmetric_eigenvalues] expected (n, n), contiguous, got " + upper.describe());
  }
  const auto n = static_cast<size_t>(upper.size(0));
  Triangle triangle(n + (border.empty() ? 0 : 1));
  scale = fill(triangle, upper.data<double>(), n, border.empty() ? nullptr : border.data());
  return Reduction(triangle, kernels, reflections).run();
}

}  // namespace directclr::linalg
