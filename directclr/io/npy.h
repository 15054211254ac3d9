#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace directclr::io {

/// Writes a tensor as NumPy .npy, version 1.0, C order, little-endian.
/// Requires: float32, float64, int64 or uint8; any shape. Throws InputError when it cannot be written.
void write_npy(const std::filesystem::path& path, const at::Tensor& tensor);

/// Reads a .npy file of float32, float64, int64 or uint8, C order, versions 1 to 3.
/// Throws InputError for anything else, for a truncated file and for a header that lies.
at::Tensor read_npy(const std::filesystem::path& path);

}  // namespace directclr::io
