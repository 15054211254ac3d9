#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/io/array_span.h"

namespace directclr::io {

/// The arrays of a .safetensors, .npz, .pt or .pth file by name, in file order, without their data. Throws InputError
/// for another kind of file, what the formats' readers refuse.
std::vector<std::pair<std::string, ArraySpan>> read_array_index(const std::filesystem::path& path);

/// The data of one of them. Throws InputError when they cannot be read.
array::Array read_array(const std::filesystem::path& path, const ArraySpan& span);

}  // namespace directclr::io
