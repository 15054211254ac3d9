#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "directclr/io/array_span.h"

namespace directclr::io {

/// The tensors of a file written by Python's torch.save (1.6 or later), in the order of the file, without their data: a
/// tensor alone (named ""), or tensors in dictionaries, lists and tuples, named by the way to them ("model.fc.weight").
/// The file is a pickle, which could hold any code: only numbers, texts, plain containers and tensors are read, and
/// nothing is ever executed. Throws InputError naming what else is there, for a damaged file, and for the format of
/// before 1.6. Tensors that are not contiguous, or of types that are not floating or integer, are left out.
std::vector<std::pair<std::string, ArraySpan>> read_torch_index(const std::filesystem::path& path);

}  // namespace directclr::io
