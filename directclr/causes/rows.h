#pragma once

#include <span>
#include <vector>

#include "directclr/array/array.h"

namespace directclr::causes {

// Products of rows, in float64. All arrays are float64 and contiguous.

/// x^T y of rows x (n, D) and y (n, E): (D, E).
array::Array products_of_columns(const array::Array& x, const array::Array& y);
/// x y^T of rows x (n, D) and y (m, D): (n, m).
array::Array products_of_rows(const array::Array& x, const array::Array& y);
/// sum_i x_ki y_ki of each row: (n).
std::vector<double> row_products(const array::Array& x, const array::Array& y);
/// A copy of rows (n, D), each times its factor.
array::Array rows_times(const array::Array& x, std::span<const double> factors);
/// x becomes x + scale y; of one shape.
void add_to(array::Array& x, const array::Array& y, double scale = 1);
/// v_k^T M v_k of rows v (k, D) and M (D, D): (k).
std::vector<double> along(const array::Array& v, const array::Array& matrix);
double trace(const array::Array& matrix);
/// Rows divided by their lengths, of which those below 1e-12 count as that.
array::Array unit_rows(const array::Array& z);

}  // namespace directclr::causes
