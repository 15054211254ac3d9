#include <algorithm>
#include <map>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/printable.h"
#include "directclr/core/text.h"
#include "directclr/data/file_source.h"
#include "directclr/data/folder_listing.h"
#include "directclr/data/folder_parts.h"
#include "directclr/data/label_table.h"
#include "directclr/data/sources.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

// The first part of a path of several; empty: it has one part.
std::string top_of(const std::string& path) {
  const size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// Sub-folders are classes. A flat directory is unlabelled; so is one sub-folder alone, but in a test part, whose
// classes are some of those for training.
void label_by_folders(const FolderListing& listing, const fs::path& root, Split split, FileSource::Contents& contents) {
  std::map<std::string, int64_t> classes;
  for (const auto& file : listing.files) {
    if (const auto top = top_of(file); !top.empty()) classes[top] = 0;
  }
  std::vector<std::string> without;
  for (const auto& [directory, time] : listing.directories) {
    if (directory.empty() || directory.find('/') != std::string::npos || classes.contains(directory)) continue;
    without.push_back(printable(directory));
  }
  const size_t folders = classes.size() + without.size();
  if (split == Split::kTrain && folders >= 2 && !classes.empty() && !without.empty()) {
    const std::string left_out = listing.left_out.text();
    throw InputError(printable(root.string()),
                     "no image can be read of " + join(without) + (left_out.empty() ? "" : "; left out: " + left_out),
                     "every folder is a class: take those without images away");
  }
  if (split == Split::kTrain && folders < 2) classes.clear();
  std::vector<std::string> names;
  for (const auto& [name, number] : classes) names.push_back(name);
  if (split == Split::kTrain && named_like_parts(names)) {
    throw InputError(
        printable(root.string()), printable(join(names, " and ")) + " are parts by their names, not classes",
        "call them train/ and val/, or name one of them, folder:" + printable((root / names.back()).string()));
  }
  int64_t next = 0;
  for (auto& [name, number] : classes) {
    number = next++;
    contents.class_names.push_back(printable(name));
  }
  for (const auto& file : listing.files) {
    const auto found = classes.find(top_of(file));
    contents.labels.push_back(found == classes.end() ? -1 : found->second);
    if (found == classes.end() && !classes.empty()) contents.left_out.add("images without a label", file);
  }
}

void label_by_table(const std::string& path, const FolderListing& listing, const fs::path& root,
                    const fs::path& directory, FileSource::Contents& contents) {
  const std::string part = root.lexically_relative(directory).string();
  const auto names_of = [&](const std::string& file) { return std::vector{file, part + "/" + file}; };
  LabelTable table(path, [&](const std::string& name) {
    return std::any_of(listing.files.begin(), listing.files.end(),
                       [&](const std::string& file) { return LabelTable::is_called(name, names_of(file)); });
  });
  if (!table.guessed_heading().empty()) {
    contents.left_out.add("first lines of " + path + " that name no image and are taken for a heading",
                          table.guessed_heading());
  }
  for (const auto& file : listing.files) {
    contents.labels.push_back(table.label(names_of(file)));
    if (contents.labels.back() < 0) contents.left_out.add("images without a label", file);
  }
  const auto unused = table.unused();
  const uint64_t labelled = static_cast<uint64_t>(
      std::count_if(contents.labels.begin(), contents.labels.end(), [](int64_t label) { return label >= 0; }));
  if (labelled == 0) {
    throw InputError(printable(path), "names no image of " + printable(root.string()),
                     "its first row names '" + printable(table.first_path()) + "', the first image is '" +
                         printable(listing.files[0]) + "'");
  }
  if (!unused.empty()) {
    contents.left_out.add("rows of " + path + " that name no image here", unused[0], unused.size());
  }
  contents.class_names = table.class_names();
}

// What stands beside the part that is read and is no part itself.
void look_beside(const fs::path& root, const fs::path& directory, Reading& left_out) {
  if (root == directory) return;
  const auto names = folders_beside_parts(directory);
  if (!names.empty()) left_out.add("folders beside the parts", *names.begin(), names.size());
}

// Without a part for training all images are, which those of a test part must not be.
void check_parts(const fs::path& directory, Split split) {
  const FolderParts parts(directory);
  if (split == Split::kTest || !parts.train.empty() || parts.test.empty()) return;
  const std::string path = printable(directory.string());
  throw InputError(
      path, "has " + parts.test + "/, but no train/",
      "put the images for training under train/; to take one folder alone name it, folder:" + path + "/" + parts.test);
}

}  // namespace

std::unique_ptr<Source> open_folder(const fs::path& directory, Split split, const ReadSettings& reading) {
  check_parts(directory, split);
  const fs::path whole = fs::canonical(directory), root = fs::canonical(folder_of_split(directory, split));
  FolderListing listing = list_folder(root);
  if (listing.files.empty()) {
    const std::string left_out = listing.left_out.text();
    throw InputError(printable(root.string()), "holds no images" + (left_out.empty() ? "" : "; left out: " + left_out),
                     "expected pictures, in class folders or flat");
  }
  FileSource::Contents contents;
  contents.left_out = listing.left_out;
  look_beside(root, whole, contents.left_out);
  if (reading.labels.empty()) {
    label_by_folders(listing, root, split, contents);
  } else {
    label_by_table(reading.labels, listing, root, whole, contents);
  }
  contents.fingerprint = fnv1a("folder");
  for (size_t i = 0; i < listing.files.size(); ++i) {
    contents.fingerprint = fnv1a(listing.files[i], contents.fingerprint);
    if (!reading.labels.empty()) contents.fingerprint = fnv1a(std::to_string(contents.labels[i]), contents.fingerprint);
  }
  if (reading.upright) contents.fingerprint = fnv1a("upright", contents.fingerprint);
  contents.files = std::move(listing.files);
  return std::make_unique<FileSource>(root, std::move(contents), reading.upright);
}

}  // namespace directclr::data
