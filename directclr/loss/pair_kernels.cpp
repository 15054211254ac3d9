#include "directclr/loss/pair_kernels.h"

#include <bit>
#include <cmath>
#include <vector>

#include "directclr/core/dispatch.h"

namespace directclr::loss {
namespace {

// e^x to about one unit in the last place for x <= 0; what lies below -87 counts as -87.
inline float exp_of_nonpositive(float x) {
  x = x < -87.0F ? -87.0F : x;
  // e^x = 2^n e^r; adding 1.5 * 2^23 rounds to the nearest integer n, which is then in the low bits. ln 2 in two parts.
  const float shifted = x * 1.44269504F + 12582912.0F;
  const float n = shifted - 12582912.0F;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.0F / 5040;
  p = p * r + 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  const uint32_t exponent = (std::bit_cast<uint32_t>(shifted) + 127U) << 23;
  return p * std::bit_cast<float>(exponent);
}

// The diagonal's column in this row of the tile, or `columns` when it lies elsewhere.
inline size_t diagonal_column(int64_t diagonal, size_t row, size_t columns) {
  if (diagonal == kNoDiagonal) return columns;
  const int64_t column = diagonal + static_cast<int64_t>(row);
  return column >= 0 && column < static_cast<int64_t>(columns) ? static_cast<size_t>(column) : columns;
}

}  // namespace

DIRECTCLR_CLONES void exponentials(float* tile, size_t rows, size_t columns, float scale, float shift, int64_t diagonal,
                                   double* row_sums, double* column_sums) {
  std::vector<float> by_column(columns, 0.0F);
  for (size_t i = 0; i < rows; ++i) {
    float* const row = tile + i * columns;
    for (size_t j = 0; j < columns; ++j) row[j] = exp_of_nonpositive(row[j] * scale - shift);
    const size_t skip = diagonal_column(diagonal, i, columns);
    if (skip < columns) row[skip] = 0;
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (size_t j = 0; j < columns; ++j) {
      total += row[j];
      by_column[j] += row[j];
    }
    row_sums[i] += total;
  }
  for (size_t j = 0; j < columns; ++j) column_sums[j] += by_column[j];
}

DIRECTCLR_CLONES void running_row_sums(const float* tile, size_t rows, size_t columns, float scale, int64_t diagonal,
                                       float* row_maxima, double* row_sums) {
  for (size_t i = 0; i < rows; ++i) {
    const float* const row = tile + i * columns;
    const size_t skip = diagonal_column(diagonal, i, columns);
    float top = row_maxima[i];
    const auto raise_over = [&](size_t begin, size_t end) {
      float best = top;
#pragma omp simd reduction(max : best)
      for (size_t j = begin; j < end; ++j) best = row[j] * scale > best ? row[j] * scale : best;
      top = best;
    };
    raise_over(0, skip);
    if (skip < columns) raise_over(skip + 1, columns);
    if (top > row_maxima[i]) {
      row_sums[i] *= std::exp(static_cast<double>(row_maxima[i]) - top);
      row_maxima[i] = top;
    }
    float total = 0;
#pragma omp simd reduction(+ : total)
    for (size_t j = 0; j < columns; ++j) total += j == skip ? 0.0F : exp_of_nonpositive(row[j] * scale - top);
    row_sums[i] += total;
  }
}

DIRECTCLR_CLONES void running_column_sums(const float* tile, size_t rows, size_t columns, float scale, int64_t diagonal,
                                          float* column_maxima, double* column_sums) {
  std::vector<float> top(column_maxima, column_maxima + columns);
  std::vector<float> total(columns, 0.0F);
  for (size_t i = 0; i < rows; ++i) {
    const float* const row = tile + i * columns;
    const size_t skip = diagonal_column(diagonal, i, columns);
    const float kept = skip < columns ? top[skip] : 0;
    for (size_t j = 0; j < columns; ++j) top[j] = row[j] * scale > top[j] ? row[j] * scale : top[j];
    if (skip < columns) top[skip] = kept;
  }
  for (size_t i = 0; i < rows; ++i) {
    const float* const row = tile + i * columns;
    const size_t skip = diagonal_column(diagonal, i, columns);
    const float kept = skip < columns ? total[skip] : 0;
    for (size_t j = 0; j < columns; ++j) total[j] += exp_of_nonpositive(row[j] * scale - top[j]);
    if (skip < columns) total[skip] = kept;
  }
  for (size_t j = 0; j < columns; ++j) {
    if (top[j] > column_maxima[j]) {
      column_sums[j] *= std::exp(static_cast<double>(column_maxima[j]) - top[j]);
      column_maxima[j] = top[j];
    }
    column_sums[j] += total[j];
  }
}

DIRECTCLR_CLONES void weights_by_shift(float* tile, size_t rows, size_t columns, float scale, float shift,
                                       int64_t diagonal, const float* u, const float* v) {
  for (size_t i = 0; i < rows; ++i) {
    float* const row = tile + i * columns;
    const float u_i = u[i];
    for (size_t j = 0; j < columns; ++j) row[j] = exp_of_nonpositive(row[j] * scale - shift) * (u_i + v[j]);
    const size_t skip = diagonal_column(diagonal, i, columns);
    if (skip < columns) row[skip] = 0;
  }
}

DIRECTCLR_CLONES void weights_by_log_sums(float* tile, size_t rows, size_t columns, float scale, int64_t diagonal,
                                          const float* g, const float* a, const float* h, const float* b) {
  for (size_t i = 0; i < rows; ++i) {
    float* const row = tile + i * columns;
    const float g_i = g[i];
    const float a_i = a[i];
    for (size_t j = 0; j < columns; ++j) {
      const float s = row[j] * scale;
      // Rounding may lift a similarity above its own log-sum by a hair.
      const float below_a = s - a_i < 0 ? s - a_i : 0.0F;
      const float below_b = s - b[j] < 0 ? s - b[j] : 0.0F;
      row[j] = g_i * exp_of_nonpositive(below_a) + h[j] * exp_of_nonpositive(below_b);
    }
    const size_t skip = diagonal_column(diagonal, i, columns);
    if (skip < columns) row[skip] = 0;
  }
}

}  // namespace directclr::loss
