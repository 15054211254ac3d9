#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "directclr/core/shuffle.h"

namespace directclr::data {

/// The order in which an epoch visits its images, keyed by (seed, epoch): a permutation of 0 .. count-1. With a `block`
/// it is made for disks that read runs of neighbours faster: runs of `block` images in a permuted order, and the images
/// of each sixteen such runs permuted among themselves.
inline std::vector<uint32_t> epoch_order(uint64_t seed, uint32_t epoch, uint32_t count, uint32_t block = 0) {
  constexpr size_t kMixed = 16;
  RandomStream random(seed, Purpose::kPermutation, epoch);
  if (block == 0) return permutation<uint32_t>(count, random);
  std::vector<uint32_t> order(count);
  const auto runs = permutation<uint32_t>((count + block - 1) / block, random);
  size_t filled = 0, begin = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    const uint64_t first = uint64_t{runs[i]} * block, last = std::min<uint64_t>(first + block, count);
    for (uint64_t image = first; image < last; ++image) order[filled++] = static_cast<uint32_t>(image);
    if ((i + 1) % kMixed != 0 && i + 1 != runs.size()) continue;
    shuffle(std::span(order).subspan(begin, filled - begin), random);
    begin = filled;
  }
  return order;
}

}  // namespace directclr::data
