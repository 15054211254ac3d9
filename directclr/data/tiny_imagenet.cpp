// Tiny ImageNet as its archive has it: train/WNID/images/*.JPEG, and val/images/*.JPEG, whose classes stand in
// val/val_annotations.txt, a line an image: file, WNID, and a box. words.txt names the WNIDs.

#include <algorithm>
#include <map>
#include <set>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/data/file_source.h"
#include "directclr/data/sources.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

// Names in a directory, sorted: of directories or of files.
std::vector<std::string> names_in(const fs::path& directory, bool directories) {
  if (!fs::is_directory(directory)) throw InputError(directory.string(), "there is no such directory");
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.') && entry.is_directory() == directories) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The lines of a file without their ends, the last one perhaps unfinished; none is empty but the last.
std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines = split(read_file(path), '\n');
  for (auto& line : lines) {
    if (line.ends_with('\r')) line.pop_back();
  }
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

// What words.txt calls the classes; a WNID that it lacks stands for itself.
std::vector<std::string> names_of_classes(const fs::path& directory, std::vector<std::string> wnids) {
  const fs::path path = directory / "words.txt";
  if (!fs::exists(path)) return wnids;
  std::map<std::string, std::string> words;
  for (const auto& line : lines_of(path)) {
    const size_t tab = line.find('\t');
    if (tab != std::string::npos && tab + 1 < line.size()) words[line.substr(0, tab)] = line.substr(tab + 1);
  }
  for (auto& wnid : wnids) {
    if (const auto found = words.find(wnid); found != words.end()) wnid = found->second;
  }
  return wnids;
}

void read_training_part(const fs::path& directory, const std::vector<std::string>& wnids,
                        FileSource::Contents& contents) {
  for (size_t label = 0; label < wnids.size(); ++label) {
    const std::string images = "train/" + wnids[label] + "/images";
    for (const auto& file : names_in(directory / images, /*directories=*/false)) {
      contents.files.push_back(images + "/" + file);
      contents.labels.push_back(static_cast<int64_t>(label));
    }
  }
}

void read_validation_part(const fs::path& directory, const std::vector<std::string>& wnids,
                          FileSource::Contents& contents) {
  const fs::path path = directory / "val/val_annotations.txt";
  if (!fs::exists(path)) {
    throw InputError(path.string(), "there is no such file",
                     "of class folders under val/ write folder:" + directory.string());
  }
  const auto there = names_in(directory / "val/images", /*directories=*/false);
  std::set<std::string> left(there.begin(), there.end());
  const auto lines = lines_of(path);
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto refuse = [&](const std::string& why) { throw InputError(format("%s:%zu", path.c_str(), i + 1), why); };
    const auto fields = split(lines[i], '\t');
    if (fields.size() != 6) refuse("expected six fields with tabs between: file, WNID and a box");
    const auto wnid = std::lower_bound(wnids.begin(), wnids.end(), fields[1]);
    if (wnid == wnids.end() || *wnid != fields[1]) refuse("'" + fields[1] + "' is no class under train/");
    if (left.erase(fields[0]) == 0) {
      refuse("val/images has no '" + fields[0] + "', or an earlier line has it");
    }
    contents.files.push_back("val/images/" + fields[0]);
    contents.labels.push_back(wnid - wnids.begin());
  }
  if (!left.empty())
    throw InputError(path.string(), "no line for val/images/" + *left.begin(), "the file is truncated?");
}

}  // namespace

std::unique_ptr<Source> open_tiny_imagenet(const std::string& path, Split split, bool upright) {
  const fs::path directory = fs::canonical(path);
  const auto wnids = names_in(directory / "train", /*directories=*/true);
  FileSource::Contents contents;
  if (split == Split::kTrain) {
    read_training_part(directory, wnids, contents);
  } else {
    read_validation_part(directory, wnids, contents);
  }
  if (contents.files.empty()) throw InputError(directory.string(), "holds no images");
  contents.class_names = names_of_classes(directory, wnids);
  contents.fingerprint = fnv1a(upright ? "tiny-imagenet upright" : "tiny-imagenet");
  for (size_t i = 0; i < contents.files.size(); ++i) {
    const std::string sample = format("%s %lld", contents.files[i].c_str(), static_cast<long long>(contents.labels[i]));
    contents.fingerprint = fnv1a(sample, contents.fingerprint);
  }
  return std::make_unique<FileSource>(directory, std::move(contents), upright);
}

}  // namespace directclr::data
