#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/files.h"
#include "directclr/core/printable.h"
#include "directclr/data/source.h"
#include "directclr/image/decode.h"

namespace directclr::data {

/// Images that are files of their own under one directory. describe() gives their paths, printable.
class FileSource final : public Source {
 public:
  /// What a listing of the directory came to; `files` are relative to it, and have a label each.
  struct Contents {
    std::vector<std::string> files;
    std::vector<int64_t> labels;
    std::vector<std::string> class_names;  ///< empty: all labels are -1
    uint64_t fingerprint = 0;
    Reading left_out;
  };
  FileSource(std::filesystem::path root, Contents contents, bool upright)
      : root_(std::move(root)), files_(std::move(contents.files)), upright_(upright) {
    labels_ = std::move(contents.labels);
    class_names_ = std::move(contents.class_names);
    fingerprint_ = contents.fingerprint;
    reading_ = std::move(contents.left_out);
  }

  void load(uint64_t index, image::Image& image) const override {
    image = image::decode(file(index), describe(index), upright_);
  }
  void load_region(uint64_t index, const std::function<image::Box(image::Size)>& choose,
                   image::Region& region) const override {
    image::decode_region(file(index), describe(index), choose, region, upright_);
  }
  std::string file(uint64_t index) const override { return read_file(root_ / files_[index]); }
  bool has_files() const override { return true; }
  std::string describe(uint64_t index) const override { return printable((root_ / files_[index]).string()); }

 private:
  std::filesystem::path root_;
  std::vector<std::string> files_;
  bool upright_;
};

}  // namespace directclr::data
