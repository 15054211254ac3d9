#include "directclr/linalg/row_products.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <vector>

#include "directclr/core/parallel.h"
#include "directclr/linalg/panels.h"
#include "tests/support/array_matchers.h"
#include "tests/support/matrices.h"

namespace directclr::linalg {
namespace {

using array::Array;
using array::DType;
using test::normal_array;

// Of each pair of rows the inner product and the sum of magnitudes, which bounds the rounding.
void expect_products(const Array& found, const Array& x, int64_t first, const Array& y, int64_t second) {
  const std::vector<double> left = array::to_doubles(x), right = array::to_doubles(y),
                            values = array::to_doubles(found);
  const auto length = static_cast<size_t>(x.size(1)), width = static_cast<size_t>(found.size(1));
  const double epsilon = found.dtype() == DType::kFloat32 ? 6e-8 : 1.12e-16;
  for (size_t i = 0; i < static_cast<size_t>(found.size(0)); ++i) {
    for (size_t j = 0; j < width; ++j) {
      long double sum = 0, magnitude = 0;
      for (size_t d = 0; d < length; ++d) {
        const long double term = static_cast<long double>(left[(static_cast<size_t>(first) + i) * length + d]) *
                                 static_cast<long double>(right[(static_cast<size_t>(second) + j) * length + d]);
        sum += term;
        magnitude += std::abs(term);
      }
      ASSERT_NEAR(values[i * width + j], static_cast<double>(sum),
                  epsilon * static_cast<double>(length + 1) * static_cast<double>(magnitude))
          << found.describe() << " of " << x.describe() << " from " << first << " and " << y.describe() << " from "
          << second << ", (" << i << ", " << j << ")";
    }
  }
}

// Rows around the sizes of panels (2 to 16) and of three side by side, and blocks that begin and end anywhere.
TEST(PackedRows, GiveTheProductsOfEveryBlock) {
  for (const DType type : {DType::kFloat32, DType::kFloat64}) {
    for (const int64_t length : {1, 5, 63, 64, 65, 130}) {
      for (const int64_t n : {1, 7, 16, 17, 50, 97}) {
        const int64_t m = n + 13;
        const Array x = normal_array(n, length, 1).to(type), y = normal_array(m, length, 2).to(type);
        const PackedRows left(x), right(y);
        EXPECT_EQ(left.rows(), n);
        EXPECT_EQ(left.dtype(), type);
        for (int64_t first = 0; first < n; first += 2 * PackedRows::kStep) {
          for (int64_t second = 0; second < m; second += 3 * PackedRows::kStep) {
            for (const int64_t height : {int64_t{1}, std::min<int64_t>(n - first, 19), n - first}) {
              for (const int64_t width : {int64_t{1}, std::min<int64_t>(m - second, 21), m - second}) {
                Array block = Array::empty({height, width}, type);
                left.products(first, height, right, second, width, block);
                expect_products(block, x, first, y, second);
                if (HasFatalFailure()) return;
              }
            }
          }
        }
      }
    }
  }
}

TEST(PackedRows, KeepACopyAndWriteOnlyTheirBlock) {
  Array x = normal_array(20, 6, 3);
  const Array before = x.clone();
  const PackedRows packed(x);
  for (double& value : x.mutable_values<double>()) value = NAN;
  std::vector<double> memory(4 * 5 + 2, -7);
  Array block = Array::view(memory.data() + 1, DType::kFloat64, {4, 5});
  packed.products(16, 4, packed, 0, 5, block);
  expect_products(block, before, 16, before, 0);
  EXPECT_EQ(memory.front(), -7);
  EXPECT_EQ(memory.back(), -7);
  Array nothing = Array::empty({0, 5}, DType::kFloat64);
  packed.products(16, 0, packed, 0, 5, nothing);
}

TEST(PackedRows, AreTheSameOnAnyNumberOfThreads) {
  for (const DType type : {DType::kFloat32, DType::kFloat64}) {
    const Array x = normal_array(333, 40, 4).to(type);
    std::vector<Array> blocks;
    for (const size_t threads : {1, 3, 8}) {
      const ThreadLimit limit(threads);
      const PackedRows packed(x);
      blocks.push_back(Array::empty({333, 333}, type));
      packed.products(0, 333, packed, 0, 333, blocks.back());
    }
    for (size_t i = 1; i < blocks.size(); ++i) EXPECT_TRUE(test::identical(blocks[i], blocks[0]));
  }
}

TEST(PackedRows, RefuseWhatTheirContractExcludes) {
  const Array x = normal_array(40, 6, 5);
  for (const Array& bad : {x.to(DType::kFloat16), x.to(DType::kInt32), x.transposed(), x.slice(0, 40, 2),
                           Array::zeros({0, 6}, DType::kFloat32), Array::zeros({6, 0}, DType::kFloat32),
                           Array::zeros({6}, DType::kFloat32)}) {
    EXPECT_THROW(PackedRows{bad}, std::invalid_argument) << bad.describe();
  }
  const PackedRows packed(x), narrow(x.to(DType::kFloat32)), longer(normal_array(40, 7, 6));
  Array block = Array::empty({8, 8}, DType::kFloat64), other_type = Array::empty({8, 8}, DType::kFloat32),
        other_shape = Array::empty({8, 9}, DType::kFloat64),
        turned = Array::empty({9, 8}, DType::kFloat64).transposed();
  const std::vector<std::pair<const char*, std::function<void()>>> wrong = {
      {"a beginning between steps", [&] { packed.products(8, 8, packed, 0, 8, block); }},
      {"such a beginning on the right", [&] { packed.products(0, 8, packed, 17, 8, block); }},
      {"a negative beginning", [&] { packed.products(-16, 8, packed, 0, 8, block); }},
      {"a negative beginning on the right", [&] { packed.products(0, 8, packed, -16, 8, block); }},
      {"more rows than there are", [&] { packed.products(48, 8, packed, 0, 8, block); }},
      {"too many rows", [&] { packed.products(32, 9, packed, 0, 8, block); }},
      {"too many on the right", [&] { packed.products(0, 8, packed, 32, 9, other_shape); }},
      {"rows of another type", [&] { packed.products(0, 8, narrow, 0, 8, block); }},
      {"rows of another length", [&] { packed.products(0, 8, longer, 0, 8, block); }},
      {"a place of another type", [&] { packed.products(0, 8, packed, 0, 8, other_type); }},
      {"a place of another shape", [&] { packed.products(0, 8, packed, 0, 8, other_shape); }},
      {"a place that is turned", [&] { packed.products(0, 8, packed, 0, 9, turned); }},
  };
  for (const auto& [what, call] : wrong) EXPECT_THROW(call(), std::invalid_argument) << what;
}

// The kernels below, for every width of register that the processor has.
TEST(PanelKernels, MultiplyRowsOfEveryWidth) {
  const int64_t n = 37, length = 71;
  for (const int bytes : {16, 32, 64}) {
    if (bytes > vector_bytes()) {
      EXPECT_THROW(panel_kernels(bytes), std::invalid_argument);
      EXPECT_THROW(float_panel_kernels(bytes), std::invalid_argument);
      continue;
    }
    const auto stride = static_cast<size_t>(length);
    const auto rows = static_cast<size_t>(n);
    const Array x = normal_array(n, length, 7), y = x.to(DType::kFloat32);
    const FloatPanelKernels& floats = float_panel_kernels(bytes);
    const PanelKernels& doubles = panel_kernels(bytes);
    const auto packed = [&](const auto& kernels, const auto* from, auto zero) {
      const size_t panels = (rows + kernels.width - 1) / kernels.width + kernels.across - 1;
      std::vector<decltype(zero)> to(panels * kernels.width * stride);
      for (size_t p = 0; p < panels; ++p) {
        const size_t first = std::min(p * kernels.width, rows);
        kernels.pack_rows(from + first * stride, rows - first, static_cast<ptrdiff_t>(stride), stride,
                          to.data() + p * kernels.width * stride);
      }
      return to;
    };
    const std::vector<float> panels = packed(floats, y.data<float>(), 0.0F);
    const std::vector<double> wide_panels = packed(doubles, x.data<double>(), 0.0);
    Array products = Array::empty({n, n}, DType::kFloat32), wide_products = Array::zeros({n, n}, DType::kFloat64);
    for (size_t row = 0; row < rows; row += floats.height) {
      for (size_t column = 0; column < rows; column += floats.across * floats.width) {
        const float* const left = panels.data() + row / floats.width * floats.width * stride + row % floats.width;
        floats.products(left, panels.data() + column * stride, stride, stride * floats.width, rows - row, rows - column,
                        products.mutable_data<float>() + row * rows + column, static_cast<ptrdiff_t>(rows));
      }
    }
    for (size_t row = 0; row < rows; row += doubles.width) {
      for (size_t column = 0; column < rows; column += doubles.across * doubles.width) {
        doubles.add_products(wide_panels.data() + row * stride, wide_panels.data() + column * stride, stride,
                             rows - row, rows - column, wide_products.mutable_data<double>() + row * rows + column,
                             static_cast<ptrdiff_t>(rows));
      }
    }
    expect_products(products, y, 0, y, 0);
    expect_products(wide_products, x, 0, x, 0);
  }
  EXPECT_THROW(panel_kernels(8), std::invalid_argument);
  EXPECT_THROW(float_panel_kernels(0), std::invalid_argument);
}

}  // namespace
}  // namespace directclr::linalg
