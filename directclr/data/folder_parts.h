#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "directclr/data/source.h"

namespace directclr::data {

/// The sub-folders of a data set that are its parts: train/ and val/ or test/. Training/, Valid/ and the like are parts
/// too where both are there, or no folder but such: among others they may be classes.
struct FolderParts {
  explicit FolderParts(const std::filesystem::path& directory);
  const std::string& of(Split split) const { return split == Split::kTrain ? train : test; }

  std::string train, test;  ///< names; empty: there is none
};

/// Whether `directory` holds the split as a sub-folder.
bool folder_has_split(const std::filesystem::path& directory, Split split);

/// The sub-folder of a split; without one the directory itself for training. Throws InputError when there is no test
/// part.
std::filesystem::path folder_of_split(const std::filesystem::path& directory, Split split);

/// Visible folders beside the parts that are none by the usual names.
std::set<std::string> folders_beside_parts(const std::filesystem::path& directory);

/// Whether these names are those of parts, train_images and test_images, and not of classes: each has such a word, and
/// there are both kinds.
bool named_like_parts(const std::vector<std::string>& folders);

}  // namespace directclr::data
