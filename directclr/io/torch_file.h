#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "directclr/io/array_index.h"
#include "directclr/io/zip_index.h"

namespace directclr::io {

/// Whether a ZIP archive with these entries is a file of torch.save (1.6 or later), and not one of NumPy.
bool is_torch_archive(const std::map<std::string, ZipEntry>& archive);

/// The tensors of a file written by Python's torch.save (1.6 or later), in the order of the file, without their data: a
/// tensor alone (named ""), or tensors in dictionaries, lists and tuples, named by the way to them ("model.fc.weight"),
/// with whatever strides they have. `archive`: its entries. The file is a pickle, which could hold any code: nothing is
/// ever executed. Among `others` are tensors of types that arrays do not have, and objects of classes that are not
/// read, with all that is in them. Throws InputError for a damaged file, a program of TorchScript, and what Pickle
/// refuses.
ArrayIndex read_torch_index(const std::filesystem::path& path, const std::map<std::string, ZipEntry>& archive);

}  // namespace directclr::io
