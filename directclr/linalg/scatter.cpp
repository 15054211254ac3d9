#include "directclr/linalg/scatter.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "directclr/core/parallel.h"
#include "directclr/linalg/panels.h"

namespace directclr::linalg {
namespace {

using array::Array;
using array::DType;

constexpr size_t kRowsAtOnce = 500;  // enough for a product to take longer than the adding of its sums
constexpr size_t kPanelsAtOnce = 4;  // on the left of one product after the other, while its right stays near

// Columns less their means in panels, for products.
class Packed {
 public:
  Packed(const PanelKernels& kernels, const Array& rows, std::span<const double> mean)
      : k_(kernels), rows_(rows), mean_(mean), columns_(static_cast<size_t>(rows.size(1))) {
    const size_t step = k_.across * k_.width;
    panels_ = (columns_ + step - 1) / step * k_.across;
  }

  // Rows first .. first + count - 1, and below them `last` unless it is empty.
  void pack(size_t first, size_t count, std::span<const double> last) {
    count_ = count + (last.empty() ? 0 : 1);
    values_.resize(panels_ * k_.width * count_);
    const std::vector<double> nothing(k_.width, 0);
    const auto stride = static_cast<ptrdiff_t>(columns_);
    parallel_for(panels_, 8, [&](size_t begin, size_t end) {
      for (size_t p = begin; p < end; ++p) {
        const size_t column = std::min(p * k_.width, columns_), columns = columns_ - column;
        double* const to = values_.data() + p * k_.width * count_;
        const size_t from = first * columns_ + column;
        if (rows_.dtype() == DType::kFloat64) {
          k_.pack_doubles(rows_.data<double>() + from, count, stride, mean_.data() + column, columns, to);
        } else {
          k_.pack_floats(rows_.data<float>() + from, count, stride, mean_.data() + column, columns, to);
        }
        if (!last.empty()) {
          k_.pack_doubles(last.data() + column, 1, stride, nothing.data(), columns, to + count * k_.width);
        }
      }
    });
  }

  size_t panels() const { return panels_; }
  size_t columns() const { return columns_; }
  size_t count() const { return count_; }
  const double* panel(size_t p) const { return values_.data() + p * k_.width * count_; }

 private:
  const PanelKernels& k_;
  const Array& rows_;
  std::span<const double> mean_;
  size_t columns_, panels_, count_ = 0;
  std::vector<double> values_;
};

// Adds the sums of all pairs of columns to `sums` (left.columns(), right.columns()), or of a symmetric matrix those on
// and above the diagonal.
void add_products(const PanelKernels& k, const Packed& left, const Packed& right, bool symmetric, double* sums) {
  const size_t step = k.across * k.width, columns = right.columns();
  // Whoever is free takes the next group: early ones, which of a symmetric matrix meet many on their right, first.
  parallel_for(left.panels(), kPanelsAtOnce, [&](size_t begin, size_t end) {
    for (size_t column = symmetric ? begin * k.width / step * step : 0; column < columns; column += step) {
      for (size_t p = begin; p < end; ++p) {
        const size_t row = p * k.width;
        if (row >= left.columns() || (symmetric && column + step <= row)) continue;
        k.add_products(left.panel(p), right.panel(column / k.width), left.count(), left.columns() - row,
                       columns - column, sums + row * columns + column, static_cast<ptrdiff_t>(columns));
      }
    }
  });
}

bool is_plain(const Array& rows) {
  return rows.dim() == 2 && rows.is_contiguous() &&
         (rows.dtype() == DType::kFloat32 || rows.dtype() == DType::kFloat64);
}

}  // namespace

void add_scatter(const Array& rows, std::span<const double> mean, std::span<const double> shift, Array& scatter,
                 int register_bytes) {
  const auto width = static_cast<int64_t>(mean.size());
  if (!is_plain(rows) || rows.size(1) != width || shift.size() != mean.size() ||
      scatter.shape() != std::vector<int64_t>{width, width}) {
    throw std::invalid_argument("[add_scatter] expected rows (n, D), mean (D), shift (D) and scatter (D, D), got " +
                                rows.describe() + " and " + scatter.describe());
  }
  const PanelKernels& k = panel_kernels(register_bytes);
  const auto sums = scatter.mutable_values<double>();
  const auto n = static_cast<size_t>(rows.size(0));
  Packed packed(k, rows, mean);
  for (size_t first = 0; first < n; first += kRowsAtOnce) {
    packed.pack(first, std::min(kRowsAtOnce, n - first), first == 0 ? shift : std::span<const double>{});
    add_products(k, packed, packed, /*symmetric=*/true, sums.data());
  }
}

Array cross_products(const Array& x, std::span<const double> mean_x, const Array& y, std::span<const double> mean_y,
                     int register_bytes) {
  if (!is_plain(x) || !is_plain(y) || x.size(0) != y.size(0) || x.size(1) != static_cast<int64_t>(mean_x.size()) ||
      y.size(1) != static_cast<int64_t>(mean_y.size())) {
    throw std::invalid_argument("[cross_products] expected (n, D) and (n, E) with their means, got " + x.describe() +
                                " and " + y.describe());
  }
  const PanelKernels& k = panel_kernels(register_bytes);
  Array products = Array::zeros({x.size(1), y.size(1)}, DType::kFloat64);
  const auto sums = products.mutable_values<double>();
  const auto n = static_cast<size_t>(x.size(0));
  Packed left(k, x, mean_x), right(k, y, mean_y);
  for (size_t first = 0; first < n; first += kRowsAtOnce) {
    const size_t count = std::min(kRowsAtOnce, n - first);
    left.pack(first, count, {});
    right.pack(first, count, {});
    add_products(k, left, right, /*symmetric=*/false, sums.data());
  }
  return products;
}

Array gram(const Array& rows) {
  const std::vector<double> nothing(static_cast<size_t>(rows.size(1)), 0);
  Array sums = Array::zeros({rows.size(1), rows.size(1)}, DType::kFloat64);
  add_scatter(rows, nothing, nothing, sums);
  return sums;
}

Array symmetric_from_upper(const Array& upper, double divisor) {
  if (upper.dim() != 2 || upper.size(0) != upper.size(1)) {
    throw std::invalid_argument("[symmetric_from_upper] expected (n, n), got " + upper.describe());
  }
  Array whole = Array::empty(upper.shape(), DType::kFloat64);
  const auto n = static_cast<size_t>(upper.size(0));
  const auto from = upper.values<double>();
  const auto to = whole.mutable_values<double>();
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i; j < n; ++j) to[i * n + j] = to[j * n + i] = from[i * n + j] / divisor;
  }
  return whole;
}

Array product(const Array& a, const Array& b) {
  // A B = (A^T)^T B: the panels want the rows that are summed over.
  const Array turned = a.transposed().contiguous();
  const std::vector<double> none(static_cast<size_t>(std::max(a.size(0), b.size(1))), 0);
  return cross_products(turned, std::span(none).first(static_cast<size_t>(a.size(0))), b,
                        std::span(none).first(static_cast<size_t>(b.size(1))));
}

}  // namespace directclr::linalg
