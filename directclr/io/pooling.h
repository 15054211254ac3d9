#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/array/array.h"

namespace directclr::io {

/// How the values of one sample, of any number of axes, become one row of a matrix.
struct Pooling {
  enum class Kind { kNone, kTokens, kMap, kFirst };
  Kind kind = Kind::kNone;
  int64_t outer = 1;  ///< kTokens and kFirst: tokens; kMap: 1
  int64_t width = 0;  ///< of the row
  int64_t inner = 1;  ///< kMap: places of the map, which lie together
  std::string text;   ///< "mean over 197 tokens"; empty: the array is a matrix

  int64_t values() const { return outer * width * inner; }  ///< of one sample
};

/// Of an array of this shape, the samples along its first axis. Axes of size 1 but for the first do not
/// count where the others leave a matrix, nor to flatten. `pool`:
///   none      (N, D) alone
///   mean      (N, T, D): over the tokens; (N, C, H, W) or (N, H, W, C): over the map, which are the two neighbouring
///             axes of equal size; where not exactly one pair is equal it is refused
///   cls       (N, T, D): the first token
///   flatten   any shape: all values of a sample
/// Throws InputError, naming `name` and what would do, for shapes that give no matrix.
Pooling pooling_of(const std::vector<int64_t>& shape, const std::string& pool, const std::string& name);

/// The rows (n, width) of samples (n, values()), floating and contiguous; means are taken in float64 and given in the
/// samples' type, float32 for narrower ones.
array::Array pooled(const array::Array& samples, const Pooling& pooling);

/// The type that pooled() gives.
array::DType pooled_type(array::DType type, const Pooling& pooling);

}  // namespace directclr::io
