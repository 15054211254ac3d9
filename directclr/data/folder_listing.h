#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "directclr/data/reading.h"

namespace directclr::data {

/// When a directory last changed, in ns. Archives and copies bring the first time with them; the second is the file
/// system's own, and nothing sets it back.
struct DirectoryTimes {
  int64_t modified = -1;
  int64_t changed = -1;
  bool operator==(const DirectoryTimes&) const = default;
};

/// What lies under a directory. Paths are relative to it, of any bytes.
struct FolderListing {
  std::map<std::string, DirectoryTimes> directories;  ///< "" is the root
  std::vector<std::string> files;                     ///< pictures, sorted
  Reading left_out;                                   ///< other files by their kind
  bool lasting = true;                                ///< holds while no directory changes
};

/// Lists a directory and those below it. Links are followed; one that leads back to a directory above it is left out.
/// Hidden files and directories are left out. A file is a picture by its suffix; of others the first bytes decide. The
/// listing is kept in the user's cache and reused while no directory has changed. Throws InputError for a directory
/// that cannot be listed, and one that links reach by more than sixteen ways.
FolderListing list_folder(const std::filesystem::path& root);

}  // namespace directclr::data
