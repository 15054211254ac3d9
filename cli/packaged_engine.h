#pragma once

#include <filesystem>

namespace directclr::cli {

/// Loads the tensor library that comes as a Python package of its own, and gives the handle of dlopen.
///
/// `engine`: the package's folder, empty where it is not installed; its file `torch_version` names the PyTorch that it
/// was built with. `torch`: the folder of the package torch, empty where there is none. Throws InputError where either
/// is missing and for another version of PyTorch, which is not loaded then.
void* open_packaged_engine(const std::filesystem::path& engine, const std::filesystem::path& torch);

}  // namespace directclr::cli
