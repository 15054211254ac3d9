#include "directclr/linalg/row_products.h"

#include <algorithm>
#include <stdexcept>

#include "directclr/core/parallel.h"
#include "directclr/linalg/panels.h"

namespace directclr::linalg {
namespace {

using array::Array;
using array::DType;

// What packing and loops need to know of the kernels of a type.
template <class T>
struct Kernels;
template <>
struct Kernels<float> {
  const FloatPanelKernels& k = float_panel_kernels();
  size_t height = k.height;
  void operator()(const float* left, const float* right, size_t length, size_t rows, size_t columns, float* to,
                  ptrdiff_t stride) const {
    k.products(left, right, length, length * k.width, rows, columns, to, stride);
  }
};
template <>
struct Kernels<double> {
  const PanelKernels& k = panel_kernels();
  size_t height = k.width;
  void operator()(const double* left, const double* right, size_t length, size_t rows, size_t columns, double* to,
                  ptrdiff_t stride) const {
    for (size_t i = 0; i < std::min(rows, height); ++i) {
      std::fill_n(to + static_cast<ptrdiff_t>(i) * stride, std::min(columns, k.across * k.width), 0.0);
    }
    k.add_products(left, right, length, rows, columns, to, stride);
  }
};

}  // namespace

PackedRows::PackedRows(const Array& rows) : rows_(0), length_(0), type_(rows.dtype()) {
  if (rows.dim() != 2 || rows.numel() == 0 || !rows.is_contiguous() ||
      (type_ != DType::kFloat32 && type_ != DType::kFloat64)) {
    throw std::invalid_argument("[PackedRows] expected rows (n, D), float32 or float64, contiguous, got " +
                                rows.describe());
  }
  rows_ = rows.size(0);
  length_ = rows.size(1);
  type_ == DType::kFloat32 ? pack(rows.data<float>()) : pack(rows.data<double>());
}

template <class T>
void PackedRows::pack(const T* rows) {
  const Kernels<T> kernels;
  const size_t width = kernels.k.width, length = static_cast<size_t>(length_), n = static_cast<size_t>(rows_);
  // A product takes `across` panels on its right, wherever it begins.
  const size_t used = (n + width - 1) / width, panels = used + kernels.k.across - 1;
  panels_ = Array::empty({static_cast<int64_t>(panels), length_, static_cast<int64_t>(width)}, type_);
  T* const to = panels_.mutable_data<T>();
  parallel_for(panels, 8, [&](size_t begin, size_t end) {
    for (size_t p = begin; p < end; ++p) {
      const size_t first = std::min(p * width, n);
      kernels.k.pack_rows(rows + first * length, n - first, static_cast<ptrdiff_t>(length), length,
                          to + p * length * width);
    }
  });
}

template <class T>
const T* PackedRows::panel(size_t p) const {
  return panels_.data<T>() + p * static_cast<size_t>(panels_.size(1) * panels_.size(2));
}

void PackedRows::products(int64_t first, int64_t height, const PackedRows& other, int64_t second, int64_t width,
                          Array& products) const {
  if (first % kStep != 0 || second % kStep != 0 || first < 0 || second < 0 || height > rows_ - first ||
      width > other.rows_ - second || other.type_ != type_ || other.length_ != length_ || products.dtype() != type_ ||
      products.shape() != std::vector<int64_t>{height, width} || !products.is_contiguous()) {
    throw std::invalid_argument("[PackedRows::products] expected blocks within the rows and a place for them, got " +
                                products.describe());
  }
  const auto multiply = [&]<class T>(T* const to) {
    const Kernels<T> kernels;
    const size_t panel_width = kernels.k.width, step = kernels.k.across * panel_width,
                 length = static_cast<size_t>(length_);
    const auto rows = static_cast<size_t>(height), columns = static_cast<size_t>(width);
    // Each thread keeps some panels of the right side near while the left side goes by.
    parallel_for((columns + step - 1) / step, 1, [&](size_t group, size_t) {
      const size_t column = group * step;
      const T* const right = other.panel<T>((static_cast<size_t>(second) + column) / panel_width);
      for (size_t row = 0; row < rows; row += kernels.height) {
        const size_t at = static_cast<size_t>(first) + row;
        kernels(panel<T>(at / panel_width) + at % panel_width, right, length, rows - row, columns - column,
                to + row * columns + column, static_cast<ptrdiff_t>(columns));
      }
    });
  };
  type_ == DType::kFloat32 ? multiply(products.mutable_data<float>()) : multiply(products.mutable_data<double>());
}

}  // namespace directclr::linalg
