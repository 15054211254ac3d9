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

/// Adds, for rows divided by their lengths, sum_i z_i to `sum` and sum_i z_i^2 to `squares`, (D) each. A length under
/// 1e-12 counts as that.
void add_unit_sums(const array::Array& rows, std::span<const double> lengths, std::span<double> sum,
                   std::span<double> squares);

/// Mean of the rows: (D). Taken from what they differ by from the first of them, so that its error is one of what
/// varies, not of a sum: of rows that are all the same it is such a row to the last digit. Requires n >= 1.
std::vector<double> mean_of(const array::Array& rows);

/// z_i / |z_i|, float64; a length under 1e-12 counts as that.
array::Array unit_rows(const array::Array& rows);

}  // namespace directclr::spectrum
