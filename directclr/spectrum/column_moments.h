#pragma once

#include <span>
#include <vector>

#include "directclr/array/array.h"

namespace directclr::spectrum {

// Sums over the rows of a block, in float64 whatever the rows' type, each in one sweep: the passes over large files
// that are not matrix products. The same result on any number of threads. Rows (n, D): floating, finite or not.

/// The rows as all this works on them: contiguous, float64 or float32, in which float16 and bfloat16 are exact.
array::Array plain_rows(const array::Array& rows);

// What follows takes plain rows.

/// Lengths |z_i| of the rows: (n). Not finite exactly where a row is not, or overflows float64.
std::vector<double> row_lengths(const array::Array& rows);

/// The rows, float64 ones whose squares overflow or vanish each multiplied by a power of two so that they do neither:
/// their directions stay, to the last bit. `lengths`: the rows' lengths, which become those of the result.
array::Array rows_in_range(const array::Array& rows, std::vector<double>& lengths);

/// 2^k that brings the largest |value| near 1 when multiplied with; 1 where squares and products of squares are in
/// range as the values are, and where there is none but 0 or one is not finite.
double scale_into_range(std::span<const double> values);

/// The float64 values times `factor`.
array::Array times(const array::Array& values, double factor);

// A row's direction is z_i / |z_i|; that of a row of zeros is 0.

/// Adds the sum of the rows' directions to `sum`, that of their squares to `squares`, (D) each. `lengths` as
/// rows_in_range() made them.
void add_unit_sums(const array::Array& rows, std::span<const double> lengths, std::span<double> sum,
                   std::span<double> squares);

/// Mean of the rows: (D). Taken from what they differ by from the first of them, so that its error is one of what
/// varies, not of a sum: of rows that are all the same it is such a row to the last digit. Requires n >= 1.
std::vector<double> mean_of(const array::Array& rows);

/// The directions of the rows, float64; of rows of any finite length.
array::Array unit_rows(const array::Array& rows);

}  // namespace directclr::spectrum
