#pragma once

#include <cstdint>

#include "directclr/array/array.h"

namespace directclr::spectrum {

// Alignment and uniformity on the hypersphere (Wang & Isola 2020, Sec. 4.1.1 and 4.1.2). Rows are L2-normalised first,
// whatever their finite length; a row of zeros stays one, at distance 1 from the others.

/// Mean squared distance between the two views of each image: mean_i |a_i - b_i|^2. 0 .. 4, smaller is closer.
/// Requires: a, b (N >= 1, D).
double alignment(const array::Array& a, const array::Array& b);

/// log of the mean over pairs i < j of exp(-2 |x_i - x_j|^2): 0 when all rows are one, lowest_uniformity(D) for a
/// uniform spread. Computed in blocks: memory O(N D), no underflow; products of float64 rows in float64, of others in
/// float32 (about 1e-7 of the value). Not a number for fewer than two rows.
double uniformity(const array::Array& rows);

/// Its value for the uniform distribution on the sphere in D dimensions, log( 0F1(; D/2; 4) ) - 4: the lowest there is.
double lowest_uniformity(int64_t dimensions);

}  // namespace directclr::spectrum
