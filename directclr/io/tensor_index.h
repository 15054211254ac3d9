#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "directclr/io/tensor_span.h"

namespace directclr::io {

/// The tensors of a .safetensors, .npz, .pt or .pth file by name, in file order, without their data. Throws InputError
/// for another kind of file, what the formats' readers refuse.
std::vector<std::pair<std::string, TensorSpan>> read_tensor_index(const std::filesystem::path& path);

/// The data of one of them. Throws InputError when they cannot be read.
at::Tensor read_tensor(const std::filesystem::path& path, const TensorSpan& span);

}  // namespace directclr::io
