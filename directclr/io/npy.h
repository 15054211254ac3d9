#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "directclr/io/tensor_span.h"

namespace directclr::io {

/// Writes a tensor as NumPy .npy, version 1.0, C order, little-endian.
/// Requires: float16, float32, float64, int64 or uint8; any shape. Throws InputError when it cannot be written.
void write_npy(const std::filesystem::path& path, const at::Tensor& tensor);

/// What a .npy file holds and where, without its data: for files larger than memory.
/// Takes float16, float32, float64, int64 and uint8, C order, versions 1 to 3.
/// Throws InputError for anything else, for a truncated file and for a header that lies.
TensorSpan read_npy_span(const std::filesystem::path& path);

/// How much of an array's beginning its header may take.
inline constexpr uint64_t kNpyHead = 1 << 16;

/// The same of an array of `size` bytes in other bytes (an entry of an archive), told by the first kNpyHead of them, or
/// all if it is shorter. The offset counts from its beginning. `name` goes into messages.
TensorSpan parse_npy_head(std::string_view head, uint64_t size, const std::string& name);

/// The whole array; takes and throws what read_npy_span does.
at::Tensor read_npy(const std::filesystem::path& path);

}  // namespace directclr::io
