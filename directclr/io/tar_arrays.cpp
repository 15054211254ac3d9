#include "directclr/io/tar_arrays.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/mapped_file.h"
#include "directclr/core/printable.h"
#include "directclr/core/tar.h"
#include "directclr/core/text.h"
#include "directclr/io/npy.h"

namespace directclr::io {
namespace {

// How many members, and one of them by name.
struct Members {
  size_t count = 0;
  std::string first;

  void add(const std::string& name) {
    if (count++ == 0) first = name;
  }
};

class ArchiveArrays {
 public:
  ArchiveArrays(const std::filesystem::path& path, const std::string& extension)
      : path_(path), archive_(path), extension_(extension), chosen_(extension) {}

  ChosenMatrix read() {
    for (const auto& entry : read_tar_index(archive_.bytes(), path_.string())) sort_in(entry);
    if (matrix_.parts.empty()) {
      throw InputError(path_.string(),
                       extension_.empty() ? "holds no .npy arrays" : "holds no arrays '." + extension_ + "'");
    }
    Members without;
    for (const auto& key : keys_) {
      if (!with_array_.contains(key)) without.add(key);
    }
    pass_over(without, "sample", " without ." + chosen_);
    pass_over(again_, "array", " of a name that comes again, of which the last counts");
    pass_over(hidden_, "hidden file", "");
    pass_over(plain_, "file", " without a suffix");
    matrix_.kind = ChosenMatrix::Kind::kSamples;
    matrix_.source = chosen_;
    return std::move(matrix_);
  }

 private:
  void sort_in(const TarEntry& entry) {
    const size_t slash = entry.name.rfind('/'), begin = slash == std::string::npos ? 0 : slash + 1;
    if (entry.name.substr(begin, 1) == ".") return hidden_.add(entry.name);
    const size_t dot = entry.name.find('.', begin);
    if (dot == std::string::npos) return plain_.add(entry.name);
    const std::string key = entry.name.substr(0, dot), own = entry.name.substr(dot + 1);
    if (known_.insert(key).second) keys_.push_back(key);
    if (extension_.empty() && own != "npy" && !own.ends_with(".npy")) return;
    if (chosen_.empty()) chosen_ = own;
    if (own != chosen_) {
      if (!extension_.empty()) return;
      throw InputError(path_.string(), "holds several arrays a sample",
                       "choose one with --tensor: " + chosen_ + ", " + own + ", ...");
    }
    const auto [place, added] = with_array_.emplace(key, matrix_.parts.size());
    if (added) {
      matrix_.parts.emplace_back(entry.name, span_of(entry));
    } else {
      again_.add(entry.name);
      matrix_.parts[place->second].second = span_of(entry);
    }
  }

  ArraySpan span_of(const TarEntry& entry) const {
    const std::string what = path_.string() + ", " + entry.name;
    NpyHead head =
        parse_npy_head(archive_.bytes().substr(entry.offset, std::min(entry.size, kNpyHead)), entry.size, what);
    // Labels lie beside embeddings: integers are read where they are asked for.
    if (!head.span || (extension_.empty() && !array::is_floating(head.span->type))) {
      throw InputError(what, "expected floating numbers, got " + (head.span ? head.span->describe() : head.other),
                       head.hint);
    }
    ArraySpan span = std::move(*head.span);
    span.offset += entry.offset;
    if (span.shape.size() == 1) span.add_leading_axis();
    return span;
  }

  // "2 samples without .npy (998, ..)".
  void pass_over(const Members& members, const std::string& one, const std::string& how) {
    if (members.count == 0) return;
    matrix_.passed_over.push_back({"", format("%zu ", members.count) + one + (members.count == 1 ? "" : "s") + how +
                                           " (" + printable(members.first) + (members.count == 1 ? ")" : ", ..)")});
  }

  const std::filesystem::path& path_;
  MappedFile archive_;
  const std::string& extension_;
  std::string chosen_;
  ChosenMatrix matrix_;
  std::vector<std::string> keys_;  // of all samples, in the archive's order
  std::set<std::string> known_;
  std::unordered_map<std::string, size_t> with_array_;  // key: its part
  Members again_, hidden_, plain_;
};

}  // namespace

ChosenMatrix arrays_of_archive(const std::filesystem::path& path, const std::string& extension) {
  return ArchiveArrays(path, extension).read();
}

}  // namespace directclr::io
