#pragma once

#include <cstddef>

#include "directclr/core/dispatch.h"

namespace directclr::linalg {

// Contract of both sets of kernels (core/dispatch.h): fused where the processor fuses, the same to rounding at every
// width: n + 3 roundings for a sum over n products.

/// Products of columns in float64: what scatter matrices and the reduction of symmetric matrices are made of. Columns
/// go in panels: `width` of them, row by row.
struct PanelKernels {
  size_t width;
  size_t across;  ///< panels that a product takes on its right

  /// `count` rows of up to `width` columns, less their means; what is missing of a panel is 0.
  void (*pack_floats)(const float* rows, size_t count, ptrdiff_t stride, const double* mean, size_t columns,
                      double* panel);
  void (*pack_doubles)(const double* rows, size_t count, ptrdiff_t stride, const double* mean, size_t columns,
                       double* panel);
  /// Adds left^T right of one panel and of `across`: of the sums the first `rows` and `columns`.
  void (*add_products)(const double* left, const double* right, size_t count, size_t rows, size_t columns, double* to,
                       ptrdiff_t stride);

  /// Panels of rows in place of columns, for the inner products of rows: `length` elements of up to `width` rows, one
  /// element of all after the other. What is missing of a panel is 0.
  void (*pack_rows)(const double* rows, size_t count, ptrdiff_t stride, size_t length, double* panel);

  /// Of vectors of `n` values, a multiple of 8.
  double (*dot)(const double* a, const double* b, size_t n);
  void (*add_scaled)(const double* a, double scale, size_t n, double* to);
  /// For eight rows a_r of n values: adds sum_r at[r] a_r to `sums`, and a_r . v to dots[r].
  void (*multiply_both_ways)(const double* rows, size_t n, const double* v, const double* at, double* sums,
                             double* dots);
};

/// The kernels for registers of that many bytes: 16, 32 or 64, no more than the processor has (std::invalid_argument).
const PanelKernels& panel_kernels(int register_bytes = vector_bytes());

/// Inner products of rows in float32. Panels hold `width` rows, of which a product takes `height` on its left and
/// `across` whole panels on its right.
struct FloatPanelKernels {
  size_t width;
  size_t height;
  size_t across;

  /// As PanelKernels::pack_rows.
  void (*pack_rows)(const float* rows, size_t count, ptrdiff_t stride, size_t length, float* panel);
  /// to[i, j] becomes the product of row i on the left with row j on the right, over `length` elements of panels that
  /// hold `right_step` numbers each: of the products the first `rows` and `columns`. `left` may point into a panel.
  void (*products)(const float* left, const float* right, size_t length, size_t right_step, size_t rows, size_t columns,
                   float* to, ptrdiff_t stride);
};
const FloatPanelKernels& float_panel_kernels(int register_bytes = vector_bytes());

}  // namespace directclr::linalg
