#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "directclr/core/philox.h"

namespace directclr::data {

/// The order in which an epoch visits its images: a Fisher-Yates permutation of 0 .. count-1 keyed by (seed, epoch).
inline std::vector<uint32_t> epoch_order(uint64_t seed, uint32_t epoch, uint32_t count) {
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  RandomStream random(seed, Purpose::kPermutation, epoch);
  for (uint32_t left = count; left > 1; --left) std::swap(order[left - 1], order[random.below(left)]);
  return order;
}

}  // namespace directclr::data
