#pragma once

#include <cstdint>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/progress.h"

namespace directclr::spectrum {

/// k-means on rows of length 1 (after normalisation): centres begin as k-means++ chooses them (Arthur & Vassilvitskii
/// 2007) and move at most 50 times (Lloyd). A centre that loses all its rows takes the row farthest from its own.
/// Returns the cluster of each row, (N). Requires: rows (N, D), 1 <= clusters <= N. Throws Interrupted.
std::vector<int64_t> k_means(const array::Array& rows, int64_t clusters, uint64_t seed, const Context& context = {});

/// Cluster learnability (Lu et al. 2023): how well a nearest neighbour (cosine) predicts the k-means cluster of a row,
/// sqrt(N) clusters, from a random half of the rows to the other. 1 / sqrt(N) by chance, 1 when clusters are clear.
/// Their first version predicts each row from those before it, and others leave rows as they are: compare like with
/// like. Requires: rows (N >= 8, D).
double cluster_learnability(const array::Array& rows, uint64_t seed, const Context& context = {});

}  // namespace directclr::spectrum
