#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <vector>

namespace directclr::io {

/// Where a tensor lies in a file: rows one after the other, little-endian, from `offset` bytes on.
struct TensorSpan {
  at::ScalarType type = at::kFloat;
  std::vector<int64_t> shape;
  uint64_t offset = 0;
};

}  // namespace directclr::io
