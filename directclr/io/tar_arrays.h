#pragma once

#include <filesystem>
#include <string>

#include "directclr/io/chosen_matrix.h"

namespace directclr::io {

/// Of a .tar archive as WebDataset has them the arrays KEY.EXTENSION, in the archive's order; `extension` empty: the
/// only one that ends in npy, of floating numbers. A sample is all files that share a name up to the first dot behind
/// the last slash. An array whose name comes again counts as it is the last time. `passed_over` has how many samples
/// have no such array, what comes again, hidden files, and files without a suffix. Throws InputError where an archive
/// has no arrays, or several a sample and none is named, and for a damaged one.
ChosenMatrix arrays_of_archive(const std::filesystem::path& path, const std::string& extension);

}  // namespace directclr::io
