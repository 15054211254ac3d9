#include <algorithm>
#include <map>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/mapped_file.h"
#include "directclr/core/tar.h"
#include "directclr/core/text.h"
#include "directclr/data/sources.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

struct Sample {
  uint32_t shard = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
};

bool is_image_name(const std::string& extension) {
  const std::string name = lower(extension);
  return name == "jpg" || name == "jpeg" || name == "png" || name == "ppm";
}

class ShardSource final : public Source {
 public:
  ShardSource(std::vector<fs::path> paths, const OpenOptions& options) : paths_(std::move(paths)) {
    bool all_labelled = true;
    int64_t largest = -1;
    uint64_t hash = fnv1a("shards");
    for (const auto& path : paths_) {
      shards_.emplace_back(path, MappedFile::Access::kRandom);  // samples are taken in a new order every epoch
      const auto shard = static_cast<uint32_t>(shards_.size() - 1);
      // A sample is what shares a name up to its first dot: KEY.jpg and KEY.cls (WebDataset).
      std::string key;
      int64_t label = -1;
      size_t image = SIZE_MAX;
      std::vector<TarEntry> entries;
      try {
        read_tar_index(shards_.back().bytes(), path.string(), entries);
      } catch (const InputError& error) {
        if (!options.skip_bad) throw;
        options.notice(format("%s; the %zu files before it are used", error.what(), entries.size()));
      }
      const auto finish = [&] {
        if (image == SIZE_MAX) return;
        samples_.push_back({shard, entries[image].offset, entries[image].size});
        labels_.push_back(label);
        all_labelled = all_labelled && label >= 0;
        largest = std::max(largest, label);
        hash = fnv1a(format("%s %llu %lld", entries[image].name.c_str(),
                            static_cast<unsigned long long>(entries[image].size), static_cast<long long>(label)),
                     hash);
      };
      for (size_t i = 0; i < entries.size(); ++i) {
        const auto& name = entries[i].name;
        const size_t dot = name.find('.', name.rfind('/') == std::string::npos ? 0 : name.rfind('/'));
        if (dot == std::string::npos) continue;
        if (name.substr(0, dot) != key) {
          finish();
          key = name.substr(0, dot);
          label = -1;
          image = SIZE_MAX;
        }
        const std::string extension = name.substr(dot + 1);
        if (is_image_name(extension)) image = i;
        if (extension == "cls") {
          const auto text = std::string(shards_.back().bytes().substr(entries[i].offset, entries[i].size));
          if (!parse_int(text, label) || label < 0)
            throw InputError(path.string(), "'" + name + "' holds no class number");
        }
      }
      finish();
    }
    if (samples_.empty()) throw InputError(paths_[0].string(), "the shards hold no images");
    if (all_labelled) {
      read_class_names(largest + 1);
    } else {
      std::fill(labels_.begin(), labels_.end(), -1);
    }
    fingerprint_ = hash;
  }

  void load(uint64_t index, image::Image& image) const override {
    image = image::decode(content(index), describe(index));
  }
  void load_region(uint64_t index, const std::function<image::Box(image::Size)>& choose,
                   image::Region& region) const override {
    image::decode_region(content(index), describe(index), choose, region);
  }
  std::string file(uint64_t index) const override { return std::string(content(index)); }
  std::string describe(uint64_t index) const override {
    const Sample& sample = samples_[index];
    return format("%s, byte %llu", paths_[sample.shard].c_str(), static_cast<unsigned long long>(sample.offset));
  }

 private:
  std::string_view content(uint64_t index) const {
    const Sample& sample = samples_[index];
    return shards_[sample.shard].bytes().substr(sample.offset, sample.size);
  }

  // From classes.txt beside the shards or one folder up, a name a line; numbers where there is none.
  void read_class_names(int64_t count) {
    const fs::path folder = paths_[0].parent_path();
    for (const auto& file : {folder / "classes.txt", folder.parent_path() / "classes.txt"}) {
      if (!fs::exists(file)) continue;
      for (const auto& line : split(read_file(file), '\n')) {
        if (!line.empty()) class_names_.push_back(line);
      }
      if (static_cast<int64_t>(class_names_.size()) < count) {
        throw InputError(file.string(), format("names %zu classes, the shards have %lld", class_names_.size(),
                                               static_cast<long long>(count)));
      }
      return;
    }
    for (int64_t k = 0; k < count; ++k) class_names_.push_back(std::to_string(k));
  }

  std::vector<fs::path> paths_;
  std::vector<MappedFile> shards_;
  std::vector<Sample> samples_;
};

}  // namespace

std::unique_ptr<Source> open_shards(const std::string& pattern, Split split, const OpenOptions& options) {
  std::string expression = pattern;
  if (fs::is_directory(pattern)) {
    expression = (folder_of_split(pattern, split) / "*.tar").string();
  } else if (split == Split::kTest) {
    throw InputError(pattern, "a pattern of shards has no test part", "give a directory with train/ and val/");
  }
  std::vector<fs::path> paths = matching_files(expression);
  if (paths.empty()) throw InputError(expression, "there are no such shards");
  return std::make_unique<ShardSource>(std::move(paths), options);
}

}  // namespace directclr::data
