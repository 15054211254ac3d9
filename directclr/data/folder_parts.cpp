#include "directclr/data/folder_parts.h"

#include <algorithm>
#include <cctype>

#include "directclr/core/error.h"
#include "directclr/core/printable.h"
#include "directclr/core/text.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

const Names kTrainWords = {"train", "training"};
const Names kTestWords = {"val", "valid", "validation", "test", "testing"};
const std::set<std::string> kUsual = {"train", "val", "test"};

bool is_one_of(const Names& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// The folder that is there under one of these words, the usual ones before others and before other spellings. Each is
// asked for by name: to list a directory of a million pictures takes long.
std::string find_part(const fs::path& directory, const Names& words) {
  const auto is_there = [&](const std::string& name) {
    std::error_code error;
    return fs::is_directory(directory / name, error);
  };
  for (const auto& word : words) {
    if (kUsual.contains(word) && is_there(word)) return word;
  }
  for (const auto& word : words) {
    std::string capital = word, upper = word;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    capital[0] = upper[0];
    for (const auto& name : {word, capital, upper}) {
      if (is_there(name)) return name;
    }
  }
  return "";
}

std::set<std::string> visible_folders(const fs::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(".") && entry.is_directory()) names.insert(name);
  }
  return names;
}

bool holds_other_folders(const fs::path& directory) {
  const auto names = visible_folders(directory);
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return !is_one_of(kTrainWords, lower(name)) && !is_one_of(kTestWords, lower(name));
  });
}

}  // namespace

FolderParts::FolderParts(const fs::path& directory)
    : train(find_part(directory, kTrainWords)), test(find_part(directory, kTestWords)) {
  if (!train.empty() && !test.empty()) return;
  std::string& only = train.empty() ? test : train;
  if (!only.empty() && !kUsual.contains(only) && holds_other_folders(directory)) only.clear();
}

bool folder_has_split(const fs::path& directory, Split split) { return !FolderParts(directory).of(split).empty(); }

fs::path folder_of_split(const fs::path& directory, Split split) {
  const std::string part = FolderParts(directory).of(split);
  if (part.empty() && split == Split::kTest) {
    throw InputError(printable(directory.string()), "has no test images", "put them under val/ or test/");
  }
  return part.empty() ? directory : directory / part;
}

std::set<std::string> folders_beside_parts(const fs::path& directory) {
  auto names = visible_folders(directory);
  const FolderParts parts(directory);
  names.erase(parts.train);
  names.erase(parts.test);
  for (const auto& name : kUsual) names.erase(name);
  return names;
}

bool named_like_parts(const Names& folders) {
  bool train = false, test = false;
  for (const auto& folder : folders) {
    std::string text = lower(folder);
    for (char& c : text) c = c >= 'a' && c <= 'z' ? c : ' ';
    const Names words = split(text, ' ');
    const auto has = [&](const Names& known) {
      return std::any_of(words.begin(), words.end(), [&](const std::string& word) { return is_one_of(known, word); });
    };
    if (!has(kTrainWords) && !has(kTestWords)) return false;
    (has(kTrainWords) ? train : test) = true;
  }
  return train && test;
}

}  // namespace directclr::data
