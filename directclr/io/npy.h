#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "directclr/array/array.h"
#include "directclr/io/array_span.h"

namespace directclr::io {

/// Writes an array as NumPy .npy, version 1.0, C order, little-endian.
/// Requires: a type that NumPy has (not bfloat16); any shape. Throws InputError when it cannot be written.
void write_npy(const std::filesystem::path& path, const array::Array& values);

/// What a .npy file holds and where, without its data: for files larger than memory.
/// Takes every type but bfloat16, little-endian, C order, versions 1 to 3.
/// Throws InputError for anything else, for a truncated file and for a header that lies.
ArraySpan read_npy_span(const std::filesystem::path& path);

/// How much of an array's beginning its header may take.
inline constexpr uint64_t kNpyHead = 1 << 16;

/// The same of an array of `size` bytes in other bytes (an entry of an archive), told by the first kNpyHead of them, or
/// all if it is shorter. The offset counts from its beginning. `name` goes into messages.
ArraySpan parse_npy_head(std::string_view head, uint64_t size, const std::string& name);

/// The whole array; takes and throws what read_npy_span does.
array::Array read_npy(const std::filesystem::path& path);

}  // namespace directclr::io
