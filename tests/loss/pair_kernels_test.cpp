#include "directclr/loss/pair_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "directclr/core/philox.h"

namespace directclr::loss {
namespace {

constexpr double kRounding = 0x1p-24;  // of float32, relative
constexpr float kScale = 10;

// A tile of cosines.
struct PairTile {
  PairTile(size_t height, size_t width, int64_t place) : rows(height), columns(width), diagonal(place) {
    RandomStream random(height * width, Purpose::kSplit);
    for (size_t i = 0; i < rows * columns; ++i) values.push_back(static_cast<float>(random.uniform(-1, 1)));
    for (size_t i = 0; i < rows + columns; ++i) factors.push_back(static_cast<float>(random.uniform(0, 1)));
  }
  // -infinity where the pair does not count.
  double similarity(size_t i, size_t j) const {
    if (diagonal != kNoDiagonal && static_cast<int64_t>(j) == diagonal + static_cast<int64_t>(i)) return -INFINITY;
    return static_cast<double>(values[i * columns + j]) * kScale;
  }

  size_t rows, columns;
  int64_t diagonal;
  std::vector<float> values, factors;
};

// Of an exponential: two units in the last place, four roundings, and three of its argument, which is up to 2 kScale.
double allowed_of_one(double exact) { return (8 + 3 * 2 * kScale) * kRounding * exact + 1e-37; }
// Of a sum, a rounding a term on top.
double allowed_of_sum(double exact, size_t terms) {
  return allowed_of_one(exact) + static_cast<double>(terms) * kRounding * exact;
}

template <class Check>
void for_tiles_and_widths(const Check& check) {
  for (const auto& [rows, columns] :
       std::vector<std::pair<size_t, size_t>>{{1, 1}, {3, 15}, {5, 16}, {4, 17}, {9, 100}}) {
    for (const int64_t diagonal : {kNoDiagonal, int64_t{0}, int64_t{-2}, int64_t{13}}) {
      for (const int bytes : {16, 32, 64}) {
        if (bytes > vector_bytes()) continue;
        SCOPED_TRACE(testing::Message() << rows << " x " << columns << ", diagonal " << diagonal << ", " << bytes
                                        << " bytes");
        check(PairTile(rows, columns, diagonal), pair_kernels(bytes));
      }
    }
  }
}

TEST(PairKernels, SumExponentialsToRoundingInRegistersOfEveryWidth) {
  for_tiles_and_widths([](const PairTile& tile, const PairKernels& kernels) {
    std::vector<float> values = tile.values;
    std::vector<double> row_sums(tile.rows, 0), column_sums(tile.columns, 0), by_column(tile.columns, 0);
    kernels.exponentials(values.data(), tile.rows, tile.columns, kScale, kScale, tile.diagonal, row_sums.data(),
                         column_sums.data());
    for (size_t i = 0; i < tile.rows; ++i) {
      double by_row = 0;
      for (size_t j = 0; j < tile.columns; ++j) {
        const double exact = std::exp(tile.similarity(i, j) - kScale);
        EXPECT_NEAR(values[i * tile.columns + j], exact, allowed_of_one(exact)) << i << ", " << j;
        by_row += exact;
        by_column[j] += exact;
      }
      EXPECT_NEAR(row_sums[i], by_row, allowed_of_sum(by_row, tile.columns)) << i;
    }
    for (size_t j = 0; j < tile.columns; ++j) {
      EXPECT_NEAR(column_sums[j], by_column[j], allowed_of_sum(by_column[j], tile.rows)) << j;
    }
  });
}

TEST(PairKernels, MoveTheMaximumInRegistersOfEveryWidth) {
  for_tiles_and_widths([](const PairTile& tile, const PairKernels& kernels) {
    constexpr float kLowest = -std::numeric_limits<float>::infinity();
    std::vector<float> row_maxima(tile.rows, kLowest), column_maxima(tile.columns, kLowest);
    std::vector<double> row_sums(tile.rows, 0), column_sums(tile.columns, 0);
    std::vector<double> by_row(tile.rows, 0), by_column(tile.columns, 0);
    row_maxima[0] = column_maxima[0] = -3;
    row_sums[0] = column_sums[0] = 2;
    by_row[0] = by_column[0] = 2 * std::exp(-3);
    for (size_t i = 0; i < tile.rows; ++i) {
      for (size_t j = 0; j < tile.columns; ++j) {
        by_row[i] += std::exp(tile.similarity(i, j));
        by_column[j] += std::exp(tile.similarity(i, j));
      }
    }
    kernels.running_row_sums(tile.values.data(), tile.rows, tile.columns, kScale, tile.diagonal, row_maxima.data(),
                             row_sums.data());
    kernels.running_column_sums(tile.values.data(), tile.rows, tile.columns, kScale, tile.diagonal,
                                column_maxima.data(), column_sums.data());
    const auto found = [](double sum, float top) { return sum == 0 ? 0 : sum * std::exp(static_cast<double>(top)); };
    for (size_t i = 0; i < tile.rows; ++i) {
      EXPECT_NEAR(found(row_sums[i], row_maxima[i]), by_row[i], allowed_of_sum(by_row[i], tile.columns)) << i;
    }
    for (size_t j = 0; j < tile.columns; ++j) {
      EXPECT_NEAR(found(column_sums[j], column_maxima[j]), by_column[j], allowed_of_sum(by_column[j], tile.rows)) << j;
    }
  });
}

TEST(PairKernels, WeighPairsToRoundingInRegistersOfEveryWidth) {
  for_tiles_and_widths([](const PairTile& tile, const PairKernels& kernels) {
    std::vector<float> by_shift = tile.values, by_log_sums = tile.values, exponentials = tile.values;
    std::vector<float> of_exponentials(tile.values.size(), 7), apart(tile.values.size(), 7);
    std::vector<double> row_sums(tile.rows), column_sums(tile.columns);
    const float *const g = tile.factors.data(), *const h = g + tile.rows;
    const std::vector<float> a(tile.rows, kScale), b(tile.columns, kScale + 0.5F);
    kernels.weights_by_shift(by_shift.data(), tile.rows, tile.columns, kScale, kScale, tile.diagonal, g, h);
    kernels.weights_by_log_sums(by_log_sums.data(), tile.rows, tile.columns, kScale, tile.diagonal, g, a.data(), h,
                                b.data(), by_log_sums.data());
    kernels.weights_by_log_sums(tile.values.data(), tile.rows, tile.columns, kScale, tile.diagonal, g, a.data(), h,
                                b.data(), apart.data());
    EXPECT_EQ(apart, by_log_sums);
    kernels.exponentials(exponentials.data(), tile.rows, tile.columns, kScale, kScale, tile.diagonal, row_sums.data(),
                         column_sums.data());
    kernels.weights_of_exponentials(exponentials.data(), tile.rows, tile.columns, g, h, of_exponentials.data());
    EXPECT_EQ(of_exponentials, by_shift) << "bit for bit";
    for (size_t i = 0; i < tile.rows; ++i) {
      for (size_t j = 0; j < tile.columns; ++j) {
        const double e = std::exp(tile.similarity(i, j) - kScale), less = e * std::exp(-0.5), g_i = g[i], h_j = h[j];
        EXPECT_NEAR(by_shift[i * tile.columns + j], e * (g_i + h_j), allowed_of_one(e * (g_i + h_j))) << i << ", " << j;
        const double both = g_i * e + h_j * less;
        EXPECT_NEAR(by_log_sums[i * tile.columns + j], both, allowed_of_one(both)) << i << ", " << j;
      }
    }
  });
}

TEST(PairKernels, AreOfWidthsThatTheProcessorHas) {
  EXPECT_THROW(pair_kernels(8), std::invalid_argument);
  EXPECT_EQ(&pair_kernels(), &pair_kernels(vector_bytes()));
}

}  // namespace
}  // namespace directclr::loss
