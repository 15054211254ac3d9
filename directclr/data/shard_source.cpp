#include <algorithm>
#include <map>
#include <set>

#include "directclr/core/braces.h"
#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/mapped_file.h"
#include "directclr/core/printable.h"
#include "directclr/core/tar.h"
#include "directclr/core/text.h"
#include "directclr/data/folder_parts.h"
#include "directclr/data/shard_samples.h"
#include "directclr/data/sources.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

// Where an image lies.
struct Place {
  uint32_t shard = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
};

class ShardSource final : public Source {
 public:
  ShardSource(std::vector<fs::path> paths, const OpenOptions& options, Reading left_out)
      : paths_(std::move(paths)), upright_(options.reading.upright) {
    reading_ = std::move(left_out);
    std::vector<std::string> names, labels;  // of the images; of those without a label empty
    for (const auto& path : paths_) {
      const std::string where = printable(path.string());
      shards_.emplace_back(path, MappedFile::Access::kRandom);  // samples are taken in a new order every epoch
      const std::string_view bytes = shards_.back().bytes();
      std::vector<TarEntry> entries;
      std::vector<std::string> others;
      try {
        read_tar_index(bytes, where, entries, &others);
      } catch (const InputError& error) {
        if (!options.skip_bad || entries.empty()) throw;
        options.notice(format("%s; the %zu files before it are used", error.what(), entries.size()));
      }
      for (const auto& other : others) reading_.add("links and other members that are no files", other);
      for (auto& sample : samples_of(bytes, entries, options.reading, where, reading_)) {
        places_.push_back({static_cast<uint32_t>(shards_.size() - 1), sample.image.offset, sample.image.size});
        names.push_back(std::move(sample.image.name));
        labels.push_back(std::move(sample.label));
      }
    }
    if (places_.empty()) {
      const std::string found = reading_.text();
      throw InputError(printable(paths_[0].string()),
                       "the shards hold no images" + (found.empty() ? "" : "; left out: " + found));
    }
    set_labels(names, labels, options.reading.label_key.empty());
    fingerprint_ = fnv1a(upright_ ? "shards upright" : "shards");
    for (size_t i = 0; i < names.size(); ++i) {
      fingerprint_ = fnv1a(format("%s %llu %lld", names[i].c_str(), static_cast<unsigned long long>(places_[i].size),
                                  static_cast<long long>(labels_[i])),
                           fingerprint_);
    }
  }

  void load(uint64_t index, image::Image& image) const override {
    image = image::decode(content(index), describe(index), upright_);
  }
  void load_region(uint64_t index, const std::function<image::Box(image::Size)>& choose,
                   image::Region& region) const override {
    image::decode_region(content(index), describe(index), choose, region, upright_);
  }
  std::string file(uint64_t index) const override { return std::string(content(index)); }
  bool has_files() const override { return true; }
  std::string describe(uint64_t index) const override {
    const Place& place = places_[index];
    return format("%s, byte %llu", printable(paths_[place.shard].string()).c_str(),
                  static_cast<unsigned long long>(place.offset));
  }

 private:
  std::string_view content(uint64_t index) const {
    const Place& place = places_[index];
    return shards_[place.shard].bytes().substr(place.offset, place.size);
  }

  // Numbers are class numbers and stay what they are; names are classes in their order, or in that of classes.txt.
  void set_labels(const std::vector<std::string>& names, const std::vector<std::string>& labels, bool numbers_alone) {
    constexpr int64_t kMostClasses = 1'000'000;
    std::set<std::string> classes(labels.begin(), labels.end());
    classes.erase("");
    int64_t largest = -1;
    bool numbers = true;
    std::map<std::string, int64_t> places;
    for (const auto& name : classes) {
      int64_t value = -1;
      numbers = numbers && parse_int(name, value) && value >= 0;
      places[name] = value;
      largest = std::max(largest, value);
    }
    const auto refuse = [&](const std::string& label, const std::string& why) {
      const size_t i = static_cast<size_t>(std::find(labels.begin(), labels.end(), label) - labels.begin());
      throw InputError(printable(paths_[places_[i].shard].string()),
                       "the label of " + printable(names[i]) + ", '" + printable(label.substr(0, 40)) + "', " + why);
    };
    if (numbers_alone && !numbers) {
      for (const auto& [name, value] : places) {
        int64_t parsed = 0;
        if (!parse_int(name, parsed) || parsed < 0) refuse(name, "holds no class number");
      }
    }
    if (numbers && largest >= kMostClasses) refuse(std::to_string(largest), "is above 999,999");
    if (!classes.empty()) read_class_names();
    if (!classes.empty() && numbers) {
      number_classes(largest + 1);
    } else if (!classes.empty()) {
      name_classes(places, refuse);
    }
    for (const auto& label : labels) labels_.push_back(label.empty() ? -1 : places.at(label));
  }

  void number_classes(int64_t count) {
    const auto named = static_cast<int64_t>(class_names_.size());
    if (named > 0 && named < count) {
      throw InputError(printable(class_file_), format("names %lld classes, the shards have %lld",
                                                      static_cast<long long>(named), static_cast<long long>(count)));
    }
    for (int64_t k = named; k < count; ++k) class_names_.push_back(std::to_string(k));
  }

  template <class Refuse>
  void name_classes(std::map<std::string, int64_t>& places, const Refuse& refuse) {
    const bool listed = !class_names_.empty();
    for (auto& [name, place] : places) {
      const std::string shown = printable(name);
      if (!listed) class_names_.push_back(shown);
      const auto found = std::find(class_names_.begin(), class_names_.end(), shown);
      if (found == class_names_.end()) refuse(name, "is not in " + printable(class_file_));
      place = found - class_names_.begin();
    }
  }

  // From classes.txt beside the shards or one folder up, a name a line; none where there is none.
  void read_class_names() {
    const fs::path folder = paths_[0].parent_path();
    for (const auto& file : {folder / "classes.txt", folder.parent_path() / "classes.txt"}) {
      if (!fs::exists(file)) continue;
      class_file_ = file.string();
      for (auto& line : split(read_file(file), '\n')) {
        if (line.ends_with('\r')) line.pop_back();
        if (!line.empty()) class_names_.push_back(printable(line));
      }
      return;
    }
  }

  std::vector<fs::path> paths_;
  std::vector<MappedFile> shards_;
  std::vector<Place> places_;
  std::string class_file_;
  bool upright_;
};

bool is_compressed_name(const fs::path& path) {
  const std::string name = lower(path.filename().string());
  return name.find(".tar.") != std::string::npos || name.ends_with(".tgz");
}

// Compressed archives beside the others.
void look_for_compressed(const fs::path& folder, Reading& left_out) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (is_compressed_name(entry.path()))
      left_out.add("compressed archives, which are not read", entry.path().filename().string());
  }
}

}  // namespace

std::vector<fs::path> shard_paths(const std::string& pattern, Split split) {
  if (fs::is_directory(pattern)) {
    const fs::path folder = folder_of_split(pattern, split);
    auto paths = matching_files((folder / "*.tar").string());
    if (!paths.empty()) return paths;
    Reading compressed;
    look_for_compressed(folder, compressed);
    if (compressed.remarks().empty()) {
      throw InputError(printable(folder.string()), "there are no such shards", "expected archives called *.tar");
    }
    throw InputError(printable(folder.string()), "holds no plain archives; left out: " + compressed.text(),
                     "unpack them first: gunzip FILE");
  }
  if (split == Split::kTest) {
    throw InputError(printable(pattern), "a pattern of shards has no test part",
                     "give a directory with train/ and val/");
  }
  std::vector<fs::path> paths;
  for (const auto& text : expand_braces(pattern)) {
    const auto found = matching_files(text);
    if (found.empty()) throw InputError(printable(text), "there are no such shards");
    paths.insert(paths.end(), found.begin(), found.end());
  }
  return paths;
}

std::unique_ptr<Source> open_shards(const std::string& pattern, Split split, const OpenOptions& options) {
  auto paths = shard_paths(pattern, split);
  Reading left_out;
  if (fs::is_directory(pattern)) look_for_compressed(folder_of_split(pattern, split), left_out);
  return std::make_unique<ShardSource>(std::move(paths), options, std::move(left_out));
}

}  // namespace directclr::data
