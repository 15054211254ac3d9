#pragma once

#include <vector>

#include "directclr/core/progress.h"
#include "directclr/spectrum/geometry.h"
#include "directclr/spectrum/measures.h"

namespace directclr::spectrum {

/// Measures that need the rows themselves: uniformity, and from exact nearest neighbours the intrinsic dimension
/// (TwoNN by fit and by likelihood, local dimension from 32 neighbours) and cluster learnability.
/// Those that few rows (under 34 distinct ones), or rows on a grid, give no value have a reason.
/// Requires: rows (N, D), finite. Throws Interrupted.
std::vector<Measure> neighbour_measures(const array::Array& rows, const Context& context);

/// Measures of rows in groups of `views` that belong to one sample: alignment (of the first two of each) and LiDAR.
/// Throws InputError when N is no multiple of views, at least two samples.
std::vector<Measure> view_measures(const array::Array& rows, int64_t views);

}  // namespace directclr::spectrum
