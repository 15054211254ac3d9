#pragma once

#include <cstdint>

#include "directclr/array/array.h"
#include "directclr/core/progress.h"

namespace directclr::spectrum {

// Intrinsic dimension from distances to nearest neighbours: how many coordinates the rows use where they lie, which
// may be far below the rank that the covariance sees.

/// Distances (N', k) float64, ascending, from each distinct row to its k nearest others. Equal rows count once: of
/// `rows` only N' are distinct.
struct Neighbours {
  array::Array distances;
  int64_t duplicates = 0;  ///< N - N'
};

/// Exact, in blocks: candidates by float32 products, then distances in float64 of what may be nearest. Memory O(N D).
/// Requires: rows (N, D) floating, k >= 1. Throws InputError when fewer than k + 1 rows are distinct; NumericalError
/// where rows are not finite; Interrupted.
Neighbours nearest_neighbours(const array::Array& rows, int64_t k, const Context& context = {});

/// The rows (N', D), float64, that differ from one another, in lexicographic order.
array::Array distinct_rows(const array::Array& rows);

/// TwoNN (Facco et al. 2017): mu = r_2 / r_1 of each row, F = i / N of the i-th smallest mu (i from 1), the largest
/// tenth left out; the slope through the origin of -log(1 - F) over log mu. Not finite where all mu are 1. Requires k
/// >= 2.
double two_nn(const Neighbours& neighbours);

/// The same by maximum likelihood: (N - 1) / sum log mu; not finite where that is.
double two_nn_likelihood(const Neighbours& neighbours);

/// Local intrinsic dimension by the method of moments (Amsaleg et al. 2018): LID_i = m / (r_k - m) with m the mean of
/// all k distances; the geometric mean over rows (LDReg's aggregate). Infinite where all k distances of a row are
/// equal.
double local_dimension(const Neighbours& neighbours);

}  // namespace directclr::spectrum
