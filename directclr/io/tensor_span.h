#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <vector>

namespace directclr::io {

/// Where a tensor lies in a file: rows one after the other, little-endian, from `offset` bytes on; or, compressed, from
/// `skip` bytes on in what a deflate stream of `compressed` bytes at `offset` holds.
struct TensorSpan {
  at::ScalarType type = at::kFloat;
  std::vector<int64_t> shape;
  uint64_t offset = 0;
  uint64_t compressed = 0;  ///< 0: as it is
  uint64_t skip = 0;
};

}  // namespace directclr::io
