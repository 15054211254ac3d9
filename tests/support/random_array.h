#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/philox.h"

namespace directclr::test {

/// A new array of random bits, so that numbers of every kind occur: infinite, subnormal and not numbers too.
inline array::Array random_array(std::vector<int64_t> shape, array::DType type, uint64_t seed = 1) {
  array::Array made = array::Array::empty(std::move(shape), type);
  RandomStream random(seed, Purpose::kSplit);
  auto* bytes = static_cast<uint8_t*>(made.mutable_raw());
  for (size_t i = 0; i < made.nbytes(); ++i) {
    bytes[i] = static_cast<uint8_t>(type == array::DType::kBool ? random.below(2) : random.below(256));
  }
  return made;
}

}  // namespace directclr::test
