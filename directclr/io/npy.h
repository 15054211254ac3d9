#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>

#include "directclr/io/tensor_span.h"

namespace directclr::io {

/// Writes a tensor as NumPy .npy, version 1.0, C order, little-endian.
/// Requires: float16, float32, float64, int64 or uint8; any shape. Throws InputError when it cannot be written.
void write_npy(const std::filesystem::path& path, const at::Tensor& tensor);

/// What a .npy file holds and where, without its data: for files larger than memory.
/// Takes float16, float32, float64, int64 and uint8, C order, versions 1 to 3.
/// Throws InputError for anything else, for a truncated file and for a header that lies.
TensorSpan read_npy_span(const std::filesystem::path& path);

/// The same of an array that lies in another file, in `size` bytes from `offset` on (an entry of an .npz archive).
/// `name` goes into messages.
TensorSpan read_npy_span(const std::filesystem::path& path, uint64_t offset, uint64_t size, const std::string& name);

/// The whole array; takes and throws what read_npy_span does.
at::Tensor read_npy(const std::filesystem::path& path);

}  // namespace directclr::io
