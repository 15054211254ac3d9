#pragma once

#include <memory>
#include <string>

#include "directclr/core/table.h"
#include "directclr/data/source.h"

namespace directclr::data {

/// Everything that is known of a kind of data set: what `--data` may name. A new kind is one more entry in
/// data_kinds.cpp, and the file that reads it.
struct DataKind {
  /// What follows the kind's name: nothing; perhaps ":DIR"; ":DIR"; ":DIR" or ":GLOB".
  enum class Path { kNone, kOptional, kDirectory, kDirectoryOrGlob };
  struct Request {
    std::string path;
    Split split = Split::kTrain;
    bool labelled = false;  ///< the part must have labels
    OpenOptions options;
  };

  std::string name;  ///< before the colon
  std::string help;
  Path path = Path::kDirectory;
  /// Opens a part. A path of kind kDirectory is there. Throws InputError when a file is missing or damaged.
  std::unique_ptr<Source> (*open)(const Request& request) = nullptr;
  /// The augmentation preset that fits; empty: the pictures decide by their size.
  std::string preset = "";
  /// For that look at the pictures: the path of a small part, which is quick to open; null: all of it. Throws
  /// InputError.
  std::string (*small_part)(const std::string& path) = nullptr;
  /// Whether there is a test part; null: always.
  bool (*has_test_split)(const std::string& path) = nullptr;
  /// Every image of the parts for evaluation has a label, and both parts number the classes alike. Else that shows when
  /// they are opened.
  bool always_labelled = true;
  /// The settings of ReadSettings that it knows, by name.
  std::vector<std::string> reading = {};
  /// Its images are files whose paths Source::describe() gives.
  bool own_files = false;
};

const Table<DataKind>& data_kinds();

}  // namespace directclr::data
