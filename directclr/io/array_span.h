#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "directclr/array/dtype.h"

namespace directclr::io {

/// Where an array lies in a file: rows one after the other, little-endian, from `offset` bytes on; or, compressed, from
/// `skip` bytes on in what a deflate stream of `compressed` bytes at `offset` holds.
struct ArraySpan {
  array::DType type = array::DType::kFloat32;
  std::vector<int64_t> shape;
  uint64_t offset = 0;
  uint64_t compressed = 0;  ///< 0: as it is
  uint64_t skip = 0;

  /// Of its elements; nothing for a shape that no array can have: with a negative size, or larger than any file even if
  /// sizes of 0 are left out of account.
  std::optional<uint64_t> bytes() const {
    uint64_t count = 1;
    bool any = true;
    for (const int64_t size : shape) {
      if (size < 0 || (size > 0 && count > (uint64_t{1} << 59) / static_cast<uint64_t>(size))) return std::nullopt;
      if (size > 0) count *= static_cast<uint64_t>(size);
      any = any && size > 0;
    }
    return any ? count * array::size_of(type) : 0;
  }
};

}  // namespace directclr::io
