#pragma once

#include <cstddef>
#include <cstdint>

#include "directclr/core/dispatch.h"

namespace directclr::loss {

/// What lies on the diagonal of the whole matrix and must not count: in row r of this tile, column diagonal + r.
/// kNoDiagonal: nothing.
constexpr int64_t kNoDiagonal = INT64_MIN;

/// Inner loops over a tile of similarities, float32, rows of `columns` numbers one after the other. `scale` is 1 / tau.
/// Contract (core/dispatch.h): fused where the processor fuses, the same to rounding at every width: an exponential to
/// four units in the last place and what rounding its argument moves it by, a float32 sum of n of them to n roundings.
struct PairKernels {
  /// tile becomes e^{scale tile - shift}; adds each row's sum to row_sums (rows) and each column's to column_sums
  /// (columns). Requires scale tile - shift in [-87, 0].
  void (*exponentials)(float* tile, size_t rows, size_t columns, float scale, float shift, int64_t diagonal,
                       double* row_sums, double* column_sums);

  /// The same with a maximum that moves: row_sums become sums of e^{scale s - row_maxima}, for any scale. The tile is
  /// kept.
  void (*running_row_sums)(const float* tile, size_t rows, size_t columns, float scale, int64_t diagonal,
                           float* row_maxima, double* row_sums);
  void (*running_column_sums)(const float* tile, size_t rows, size_t columns, float scale, int64_t diagonal,
                              float* column_maxima, double* column_sums);

  /// tile becomes e^{scale tile - shift} (u_i + v_j): what both softmaxes give a pair, from one exponential.
  void (*weights_by_shift)(float* tile, size_t rows, size_t columns, float scale, float shift, int64_t diagonal,
                           const float* u, const float* v);

  /// The same, bit for bit, of what `exponentials` left: weights (rows, columns) become tile (u_i + v_j).
  void (*weights_of_exponentials)(const float* tile, size_t rows, size_t columns, const float* u, const float* v,
                                  float* weights);

  /// weights (rows, columns) become g_i e^{scale tile - a_i} + h_j e^{scale tile - b_j}, for any scale; a and b are
  /// log-sums. weights may be the tile.
  void (*weights_by_log_sums)(const float* tile, size_t rows, size_t columns, float scale, int64_t diagonal,
                              const float* g, const float* a, const float* h, const float* b, float* weights);
};

/// The kernels for registers of that many bytes: 16, 32 or 64, no more than the processor has (std::invalid_argument).
const PairKernels& pair_kernels(int register_bytes = vector_bytes());

}  // namespace directclr::loss
