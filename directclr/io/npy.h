#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "directclr/array/array.h"
#include "directclr/io/array_span.h"

namespace directclr::io {

/// Writes an array as NumPy .npy, version 1.0, C order, little-endian.
/// Requires: a type that NumPy has (not bfloat16); any shape. Throws InputError when it cannot be written.
void write_npy(const std::filesystem::path& path, const array::Array& values);

/// What the beginning of a .npy file says of its array.
struct NpyHead {
  std::optional<ArraySpan> span;  ///< of numbers and truth values, in any order of elements and of bytes
  std::string other;              ///< what else it is: "text <U5 (2)",
  std::string hint;               ///< and how to save it as numbers; may be empty
};

/// Versions 1 to 3 of the format, without the data: for files larger than memory.
/// Throws InputError for anything else, for a truncated file and for a header that lies.
NpyHead read_npy_head(const std::filesystem::path& path);

/// How much of an array's beginning its header may take.
inline constexpr uint64_t kNpyHead = 1 << 16;

/// The same of an array of `size` bytes in other bytes (an entry of an archive), told by the first kNpyHead of them, or
/// all if it is shorter. The offset counts from its beginning. `name` goes into messages.
NpyHead parse_npy_head(std::string_view head, uint64_t size, const std::string& name);

/// The whole array. Throws what read_npy_head does, and InputError for one that is not of numbers or truth values.
array::Array read_npy(const std::filesystem::path& path);

}  // namespace directclr::io
