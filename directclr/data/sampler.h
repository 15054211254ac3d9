#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "directclr/core/philox.h"

namespace directclr::data {

/// Permutes order[begin] .. order[end - 1] (Fisher-Yates).
inline void shuffle(std::vector<uint32_t>& order, size_t begin, size_t end, RandomStream& random) {
  for (size_t left = end - begin; left > 1; --left) {
    std::swap(order[begin + left - 1], order[begin + random.below(static_cast<uint32_t>(left))]);
  }
}

/// The order in which an epoch visits its images, keyed by (seed, epoch): a permutation of 0 .. count-1. With a `block`
/// it is made for disks that read runs of neighbours faster: runs of `block` images in a permuted order, and the images
/// of each sixteen such runs permuted among themselves.
inline std::vector<uint32_t> epoch_order(uint64_t seed, uint32_t epoch, uint32_t count, uint32_t block = 0) {
  constexpr size_t kMixed = 16;
  std::vector<uint32_t> order(count);
  RandomStream random(seed, Purpose::kPermutation, epoch);
  if (block == 0) {
    std::iota(order.begin(), order.end(), 0U);
    shuffle(order, 0, count, random);
    return order;
  }
  std::vector<uint32_t> runs((count + block - 1) / block);
  std::iota(runs.begin(), runs.end(), 0U);
  shuffle(runs, 0, runs.size(), random);
  size_t filled = 0, begin = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    const uint64_t first = uint64_t{runs[i]} * block, last = std::min<uint64_t>(first + block, count);
    for (uint64_t image = first; image < last; ++image) order[filled++] = static_cast<uint32_t>(image);
    if ((i + 1) % kMixed != 0 && i + 1 != runs.size()) continue;
    shuffle(order, begin, filled, random);
    begin = filled;
  }
  return order;
}

}  // namespace directclr::data
