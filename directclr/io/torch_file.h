#pragma once

#include <filesystem>

#include "directclr/io/array_index.h"

namespace directclr::io {

/// Whether a ZIP archive is a file of torch.save (1.6 or later), and not one of NumPy. Throws InputError for no
/// archive.
bool is_torch_archive(const std::filesystem::path& path);

/// The tensors of a file written by Python's torch.save (1.6 or later), in the order of the file, without their data: a
/// tensor alone (named ""), or tensors in dictionaries, lists and tuples, named by the way to them ("model.fc.weight"),
/// with whatever strides they have. The file is a pickle, which could hold any code: nothing is ever executed. Among
/// `others` are tensors of types that arrays do not have, and objects of classes that are not read, with all that is in
/// them. Throws InputError for a damaged file, a program of TorchScript, and what Pickle refuses.
ArrayIndex read_torch_index(const std::filesystem::path& path);

}  // namespace directclr::io
