#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "directclr/core/philox.h"

namespace directclr {

/// Permutes the values: Fisher-Yates from the end, a draw of `random` for each but one. Requires fewer than 2^32.
template <class T>
void shuffle(std::span<T> values, RandomStream& random) {
  for (size_t left = values.size(); left > 1; --left) {
    std::swap(values[left - 1], values[random.below(static_cast<uint32_t>(left))]);
  }
}

/// 0 .. count-1, shuffled.
template <class T>
std::vector<T> permutation(size_t count, RandomStream& random) {
  std::vector<T> order(count);
  std::iota(order.begin(), order.end(), T{0});
  shuffle(std::span(order), random);
  return order;
}

/// `count` distinct numbers of 0 .. size-1, ascending: the first steps of Fisher-Yates from the front, a draw each.
/// Requires count <= size < 2^32.
std::vector<int64_t> draw_distinct(int64_t count, int64_t size, RandomStream& random);

}  // namespace directclr
