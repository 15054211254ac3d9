#include "directclr/loss/pair_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "directclr/core/dispatch.h"

#define DIRECTCLR_KERNELS "directclr/loss/pair_kernels.cpp"
#include "directclr/core/variants.inc"

namespace directclr::loss {
namespace DIRECTCLR_VARIANT {
namespace {

#include "directclr/core/vector_exp.inc"

// The first `count` numbers, and `rest` in the other lanes.
DIRECTCLR_INLINE FloatVector load_some(const float* from, size_t count, float rest = 0) {
  FloatVector vector = spread(rest);
  std::memcpy(&vector, from, count * sizeof(float));
  return vector;
}
DIRECTCLR_INLINE void store_some(float* to, FloatVector vector, size_t count) {
  std::memcpy(to, &vector, count * sizeof(float));
}
DIRECTCLR_INLINE FloatVector first_of(FloatVector vector, size_t count) {
  FloatVector first = {};
  std::memcpy(&first, &vector, count * sizeof(float));
  return first;
}
DIRECTCLR_INLINE float sum_of(FloatVector vector) {
  float values[kFloats], sum = 0;
  store(values, vector);
  for (const float value : values) sum += value;
  return sum;
}
DIRECTCLR_INLINE float largest_of(FloatVector vector) {
  float values[kFloats];
  store(values, vector);
  return *std::max_element(values, values + kFloats);
}
DIRECTCLR_INLINE FloatVector larger(FloatVector a, FloatVector b) { return a > b ? a : b; }

// The diagonal's column in this row of the tile, or `columns` when it lies elsewhere.
DIRECTCLR_INLINE size_t diagonal_column(int64_t diagonal, size_t row, size_t columns) {
  if (diagonal == kNoDiagonal) return columns;
  const int64_t column = diagonal + static_cast<int64_t>(row);
  return column >= 0 && column < static_cast<int64_t>(columns) ? static_cast<size_t>(column) : columns;
}

// job(begin, count) for a register's numbers at a time, of which the last may be fewer.
template <class Job>
DIRECTCLR_INLINE void for_vectors(size_t begin, size_t end, const Job& job) {
  for (; begin + kFloats <= end; begin += kFloats) job(begin, kFloats);
  if (begin < end) job(begin, end - begin);
}
// The same for all columns but `skip`.
template <class Job>
DIRECTCLR_INLINE void for_all_but(size_t skip, size_t columns, const Job& job) {
  if (skip >= columns) return for_vectors(0, columns, job);
  for_vectors(0, skip, job);
  for_vectors(skip + 1, columns, job);
}

void exponentials(float* tile, size_t rows, size_t columns, float scale, float shift, int64_t diagonal,
                  double* row_sums, double* column_sums) {
  std::vector<float> by_column(columns, 0.0F);
  for (size_t i = 0; i < rows; ++i) {
    float* const row = tile + i * columns;
    const size_t skip = diagonal_column(diagonal, i, columns);
    FloatVector total = {};
    for_all_but(skip, columns, [&](size_t j, size_t count) {
      const FloatVector e = exp_of_nonpositive(load_some(row + j, count) * scale - shift);
      store_some(row + j, e, count);
      total += first_of(e, count);
      store_some(&by_column[j], load_some(&by_column[j], count) + e, count);
    });
    if (skip < columns) row[skip] = 0;
    row_sums[i] += sum_of(total);
  }
  for (size_t j = 0; j < columns; ++j) column_sums[j] += by_column[j];
}

void running_row_sums(const float* tile, size_t rows, size_t columns, float scale, int64_t diagonal, float* row_maxima,
                      double* row_sums) {
  for (size_t i = 0; i < rows; ++i) {
    const float* const row = tile + i * columns;
    const size_t skip = diagonal_column(diagonal, i, columns);
    FloatVector tops = spread(row_maxima[i]);
    for_all_but(skip, columns,
                [&](size_t j, size_t count) { tops = larger(load_some(row + j, count, row[j]) * scale, tops); });
    const float top = largest_of(tops);
    if (top > row_maxima[i]) {
      row_sums[i] *= std::exp(static_cast<double>(row_maxima[i]) - top);
      row_maxima[i] = top;
    }
    FloatVector total = {};
    for_all_but(skip, columns, [&](size_t j, size_t count) {
      total += first_of(exp_of_nonpositive(load_some(row + j, count) * scale - top), count);
    });
    row_sums[i] += sum_of(total);
  }
}

void running_column_sums(const float* tile, size_t rows, size_t columns, float scale, int64_t diagonal,
                         float* column_maxima, double* column_sums) {
  std::vector<float> tops(column_maxima, column_maxima + columns), totals(columns, 0.0F);
  for (size_t i = 0; i < rows; ++i) {
    const float* const row = tile + i * columns;
    const size_t skip = diagonal_column(diagonal, i, columns);
    const float kept = skip < columns ? tops[skip] : 0;
    for_vectors(0, columns, [&](size_t j, size_t count) {
      store_some(&tops[j], larger(load_some(row + j, count) * scale, load_some(&tops[j], count)), count);
    });
    if (skip < columns) tops[skip] = kept;
  }
  for (size_t i = 0; i < rows; ++i) {
    const float* const row = tile + i * columns;
    const size_t skip = diagonal_column(diagonal, i, columns);
    const float kept = skip < columns ? totals[skip] : 0;
    for_vectors(0, columns, [&](size_t j, size_t count) {
      const FloatVector e = exp_of_nonpositive(load_some(row + j, count) * scale - load_some(&tops[j], count));
      store_some(&totals[j], load_some(&totals[j], count) + e, count);
    });
    if (skip < columns) totals[skip] = kept;
  }
  for (size_t j = 0; j < columns; ++j) {
    if (tops[j] > column_maxima[j]) {
      column_sums[j] *= std::exp(static_cast<double>(column_maxima[j]) - tops[j]);
      column_maxima[j] = tops[j];
    }
    column_sums[j] += totals[j];
  }
}

void weights_by_shift(float* tile, size_t rows, size_t columns, float scale, float shift, int64_t diagonal,
                      const float* u, const float* v) {
  for (size_t i = 0; i < rows; ++i) {
    float* const row = tile + i * columns;
    const float u_i = u[i];
    for_vectors(0, columns, [&](size_t j, size_t count) {
      const FloatVector e = exp_of_nonpositive(load_some(row + j, count) * scale - shift);
      store_some(row + j, e * (u_i + load_some(v + j, count)), count);
    });
    const size_t skip = diagonal_column(diagonal, i, columns);
    if (skip < columns) row[skip] = 0;
  }
}

void weights_of_exponentials(const float* tile, size_t rows, size_t columns, const float* u, const float* v,
                             float* weights) {
  for (size_t i = 0; i < rows; ++i, tile += columns, weights += columns) {
    const float u_i = u[i];
    for_vectors(0, columns, [&](size_t j, size_t count) {
      store_some(weights + j, load_some(tile + j, count) * (u_i + load_some(v + j, count)), count);
    });
  }
}

void weights_by_log_sums(const float* tile, size_t rows, size_t columns, float scale, int64_t diagonal, const float* g,
                         const float* a, const float* h, const float* b, float* weights) {
  for (size_t i = 0; i < rows; ++i, weights += columns) {
    const float* const row = tile + i * columns;
    const float g_i = g[i], a_i = a[i];
    for_vectors(0, columns, [&](size_t j, size_t count) {
      const FloatVector s = load_some(row + j, count) * scale, zero = {};
      // Rounding may lift a similarity above its own log-sum by a hair.
      const FloatVector below_a = s - a_i, below_b = s - load_some(b + j, count);
      const FloatVector e_a = exp_of_nonpositive(below_a < 0 ? below_a : zero);
      const FloatVector e_b = exp_of_nonpositive(below_b < 0 ? below_b : zero);
      store_some(weights + j, g_i * e_a + load_some(h + j, count) * e_b, count);
    });
    const size_t skip = diagonal_column(diagonal, i, columns);
    if (skip < columns) weights[skip] = 0;
  }
}

constexpr PairKernels kKernels = {exponentials,     running_row_sums,        running_column_sums,
                                  weights_by_shift, weights_of_exponentials, weights_by_log_sums};

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
const PairKernels& pair_kernels(int register_bytes) { return DIRECTCLR_VARIANTS(kKernels).required(register_bytes); }
#endif

}  // namespace directclr::loss
