#include "directclr/linalg/scatter.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "directclr/core/parallel.h"
#include "tests/support/array_matchers.h"
#include "tests/support/matrices.h"

namespace directclr::linalg {
namespace {

using array::Array;
using array::DType;
using test::normal_array;

std::vector<int> register_widths() {
  std::vector<int> widths;
  for (const int bytes : {16, 32, 64}) {
    if (bytes <= vector_bytes()) widths.push_back(bytes);
  }
  return widths;
}

// Element (a, b) of sum_i (x_i - mean_x)(y_i - mean_y)^T by its definition, and the same sum of magnitudes, which
// bounds what rounding may do.
struct Sum {
  long double value = 0, magnitude = 0;
};
Sum plain_sum(const std::vector<double>& x, size_t d, size_t a, double mean_a, const std::vector<double>& y, size_t e,
              size_t b, double mean_b) {
  Sum sum;
  for (size_t i = 0; i * d < x.size(); ++i) {
    const long double term = (static_cast<long double>(x[i * d + a]) - static_cast<long double>(mean_a)) *
                             (static_cast<long double>(y[i * e + b]) - static_cast<long double>(mean_b));
    sum.value += term;
    sum.magnitude += std::abs(term);
  }
  return sum;
}

// n + 3 roundings: of the two differences, of each product and sum.
double allowed(const Sum& sum, int64_t n) {
  return 1.12e-16 * static_cast<double>(n + 3) * static_cast<double>(sum.magnitude);
}

std::vector<double> means(int64_t d, uint64_t seed) { return array::to_doubles(normal_array(1, d, seed)); }

// Widths around those of panels and of three panels side by side, rows around the 500 that are packed at once.
TEST(CrossProducts, AreTheirDefinitionForEveryTypeWidthAndShape) {
  for (const int bytes : register_widths()) {
    for (const DType type : {DType::kFloat64, DType::kFloat32}) {
      const DType other = type == DType::kFloat64 ? DType::kFloat32 : DType::kFloat64;
      for (const auto& [d, e] :
           std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {1, 50}, {50, 1}, {7, 9}, {8, 24}, {23, 25}, {33, 47}}) {
        for (const int64_t n : {1, 2, 499, 500, 501, 1003}) {
          const Array x = normal_array(n, d, 1).to(type), y = normal_array(n, e, 2).to(other);
          const std::vector<double> mean_x = means(d, 3), mean_y = means(e, 4);
          const Array found = cross_products(x, mean_x, y, mean_y, bytes);
          ASSERT_EQ(found.shape(), (std::vector<int64_t>{d, e}));
          const std::vector<double> wide_x = array::to_doubles(x), wide_y = array::to_doubles(y);
          const auto columns = static_cast<size_t>(e);
          for (size_t a = 0; a < static_cast<size_t>(d); ++a) {
            for (size_t b = 0; b < columns; ++b) {
              const Sum sum = plain_sum(wide_x, static_cast<size_t>(d), a, mean_x[a], wide_y, columns, b, mean_y[b]);
              ASSERT_NEAR(found.values<double>()[a * columns + b], static_cast<double>(sum.value), allowed(sum, n))
                  << bytes << " bytes, " << x.describe() << " and " << y.describe() << ", (" << a << ", " << b << ")";
            }
          }
        }
      }
    }
  }
}

TEST(AddScatter, AddsToWhatIsThereOnAndAboveTheDiagonal) {
  for (const int bytes : register_widths()) {
    for (const DType type : {DType::kFloat64, DType::kFloat32}) {
      for (const int64_t d : {1, 3, 8, 25, 49}) {
        for (const int64_t n : {1, 500, 777}) {
          const Array rows = normal_array(n, d, 5).to(type), before = normal_array(d, d, 6);
          const std::vector<double> mean = means(d, 7), shift = means(d, 8), wide = array::to_doubles(rows);
          Array scatter = before.clone();
          add_scatter(rows, mean, shift, scatter, bytes);
          const auto size = static_cast<size_t>(d);
          for (size_t a = 0; a < size; ++a) {
            for (size_t b = a; b < size; ++b) {
              Sum sum = plain_sum(wide, size, a, mean[a], wide, size, b, mean[b]);
              const double was = before.values<double>()[a * size + b];
              sum.value += static_cast<long double>(was) + static_cast<long double>(shift[a]) * shift[b];
              sum.magnitude += std::abs(was) + std::abs(shift[a] * shift[b]);
              ASSERT_NEAR(scatter.values<double>()[a * size + b], static_cast<double>(sum.value), allowed(sum, n + 2))
                  << bytes << " bytes, " << rows.describe() << ", (" << a << ", " << b << ")";
            }
          }
        }
      }
    }
  }
}

TEST(Gram, IsThatOfTheRowsAsTheyAre) {
  for (const DType type : {DType::kFloat64, DType::kFloat32}) {
    const Array rows = normal_array(64, 31, 9).to(type);
    const Array found = gram(rows), expected = test::plain_product(rows.transposed(), rows);
    for (size_t a = 0; a < 31; ++a) {
      for (size_t b = a; b < 31; ++b) {
        ASSERT_NEAR(found.values<double>()[a * 31 + b], expected.values<double>()[a * 31 + b], 1e-13) << a << ", " << b;
      }
    }
  }
}

TEST(Product, IsItsDefinition) {
  for (const auto& [n, m, k] : std::vector<std::array<int64_t, 3>>{
           {1, 1, 1}, {5, 1, 7}, {1, 900, 1}, {24, 8, 25}, {47, 501, 9}, {3, 64, 200}}) {
    const Array a = normal_array(n, m, 10), b = normal_array(m, k, 11);
    EXPECT_TRUE(test::all_close(product(a, b), test::plain_product(a, b), 1e-14, 1e-13)) << n << ", " << m << ", " << k;
  }
}

TEST(Scatter, IsTheSameOnAnyNumberOfThreads) {
  const Array x = normal_array(700, 210, 12).to(DType::kFloat32), y = normal_array(700, 190, 13);
  const std::vector<double> mean_x = means(210, 14), mean_y = means(190, 15);
  std::vector<Array> crossed, scattered;
  for (const size_t threads : {1, 3, 8}) {
    const ThreadLimit limit(threads);
    crossed.push_back(cross_products(x, mean_x, y, mean_y));
    scattered.push_back(gram(y));
  }
  for (size_t i = 1; i < crossed.size(); ++i) {
    EXPECT_TRUE(test::identical(crossed[i], crossed[0]));
    for (size_t a = 0; a < 190; ++a) {
      for (size_t b = a; b < 190; ++b) {
        ASSERT_EQ(scattered[i].values<double>()[a * 190 + b], scattered[0].values<double>()[a * 190 + b]);
      }
    }
  }
}

TEST(Scatter, RefusesWhatItsContractExcludes) {
  const Array rows = normal_array(4, 3, 1), wide = normal_array(3, 4, 1);
  const std::vector<double> three(3, 0), four(4, 0);
  Array scatter = Array::zeros({3, 3}, DType::kFloat64), narrow = Array::zeros({3, 3}, DType::kFloat32),
        large = Array::zeros({4, 4}, DType::kFloat64);
  const std::vector<std::pair<const char*, std::function<void()>>> wrong = {
      {"a mean of another size", [&] { add_scatter(rows, four, three, scatter); }},
      {"a shift of another size", [&] { add_scatter(rows, three, four, scatter); }},
      {"a scatter of another size", [&] { add_scatter(rows, three, three, large); }},
      {"a scatter in float32", [&] { add_scatter(rows, three, three, narrow); }},
      {"rows that are turned", [&] { add_scatter(wide.transposed(), three, three, scatter); }},
      {"rows of integers", [&] { add_scatter(rows.to(DType::kInt64), three, three, scatter); }},
      {"rows in float16", [&] { add_scatter(rows.to(DType::kFloat16), three, three, scatter); }},
      {"one row alone",
       [&] {
         add_scatter(Array::of({1, 2, 3}, {3}), three, three, scatter);
       }},
      {"registers of no such width", [&] { add_scatter(rows, three, three, scatter, 24); }},
      {"registers too wide", [&] { add_scatter(rows, three, three, scatter, 128); }},
      {"other rows", [&] { cross_products(rows, three, wide, four); }},
      {"another mean", [&] { cross_products(rows, four, rows, three); }},
      {"another mean on the right", [&] { cross_products(rows, three, rows, four); }},
      {"float16 on the right", [&] { cross_products(rows, three, rows.to(DType::kFloat16), three); }},
      {"matrices that do not meet", [&] { product(rows, rows); }},
  };
  for (const auto& [what, call] : wrong) EXPECT_THROW(call(), std::invalid_argument) << what;
  EXPECT_TRUE(test::all_close(scatter, Array::zeros({3, 3}, DType::kFloat64), 0)) << "left alone";
}

}  // namespace
}  // namespace directclr::linalg
