#include "directclr/io/joined_files.h"

#include <algorithm>
#include <map>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

std::string text_of_source(const ChosenMatrix& matrix) {
  switch (matrix.kind) {
    case ChosenMatrix::Kind::kSamples: return "the arrays '." + matrix.source + "'";
    case ChosenMatrix::Kind::kBatches: return "the matrices '" + matrix.source + "'";
    case ChosenMatrix::Kind::kVectors: return "the vectors '" + matrix.source + "'";
    case ChosenMatrix::Kind::kArray: break;
  }
  return matrix.source.empty() ? "an array without a name" : "'" + matrix.parts[0].first + "'";
}

}  // namespace

void require_one_source(const std::vector<FileChoice>& files) {
  const FileChoice& first = files.front();
  for (const auto& file : files) {
    const bool vectors = file.matrix.kind == ChosenMatrix::Kind::kVectors;
    if (file.matrix.source == first.matrix.source && vectors == (first.matrix.kind == ChosenMatrix::Kind::kVectors))
      continue;
    throw InputError(file.path.string(),
                     "holds " + text_of_source(file.matrix) + ", but " + first.path.filename().string() + " holds " +
                         text_of_source(first.matrix) + ": these are no parts of one matrix",
                     "--tensor NAME takes that of one name from each file");
  }
}

std::string text_of_parts(const std::vector<FileChoice>& files) {
  const ChosenMatrix& first = files.front().matrix;
  if (first.kind == ChosenMatrix::Kind::kSamples) return "tensor '" + first.source + "'";
  const auto several =
      std::ranges::find_if(files, [](const auto& file) { return file.matrix.kind != ChosenMatrix::Kind::kArray; });
  const std::string& begin = first.parts.front().first;
  if (several == files.end()) return begin.empty() ? "" : "tensor '" + begin + "'";
  size_t count = 0;
  for (const auto& file : files) count += file.matrix.parts.size();
  const std::string from = files.size() > 1 ? format(" of %zu files", files.size()) : "";
  if (several->matrix.kind == ChosenMatrix::Kind::kVectors) {
    const auto& parts = several->matrix.parts;
    return format("the %zu vectors '%s', '%s', ..%s as its rows", count, parts[0].first.substr(0, 80).c_str(),
                  parts[1].first.substr(0, 80).c_str(), from.c_str());
  }
  return format("the %zu matrices '%s' to '%s'%s, one below the other", count, begin.c_str(),
                files.back().matrix.parts.back().first.c_str(), from.c_str());
}

std::string passed_over_of(const std::vector<FileChoice>& files) {
  if (files.size() == 1) return names_of(files[0].matrix.passed_over);
  struct Group {
    OtherContent first;
    std::string file;
    size_t files = 0;
  };
  std::vector<Group> groups;
  std::map<std::string, size_t> places;
  for (const auto& file : files) {
    for (const auto& other : file.matrix.passed_over) {
      const auto [place, added] = places.emplace(other.name.empty() ? other.what : other.name, groups.size());
      if (added) groups.push_back({other, file.path.filename().string()});
      ++groups[place->second].files;
    }
  }
  // What few of the files hold is what was not expected.
  std::ranges::stable_sort(groups, {}, &Group::files);
  std::vector<OtherContent> all;
  for (auto& group : groups) {
    group.first.what += " in " + (group.files == 1 ? group.file : format("%zu files", group.files));
    all.push_back(std::move(group.first));
  }
  return names_of(all);
}

}  // namespace directclr::io
