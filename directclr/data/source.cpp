#include "directclr/data/source.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/printable.h"
#include "directclr/core/text.h"
#include "directclr/data/data_kinds.h"
#include "directclr/data/relabelled.h"
#include "directclr/image/decode.h"
#include "directclr/image/encode.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

void check_reading(ReadSettings reading, const DataKind& kind) {
  ReadSettings defaults;
  FieldList given = fields_of(reading), plain = fields_of(defaults);
  for (const auto& field : given.fields()) {
    const bool known = std::find(kind.reading.begin(), kind.reading.end(), field.name) != kind.reading.end();
    if (known || field.text() == plain.find(field.name)->text()) continue;
    std::vector<std::string> others;
    for (const auto& other : data_kinds()) {
      if (std::find(other.reading.begin(), other.reading.end(), field.name) != other.reading.end()) {
        others.push_back(other.name);
      }
    }
    throw InputError(field.option(), "does not go with " + kind.name, "it goes with " + join(others));
  }
}

std::unique_ptr<Source> open(const std::string& text, Split split, bool labelled, const OpenOptions& options = {}) {
  const SourceSpec spec = SourceSpec::parse(text);
  const DataKind& kind = data_kinds().at(spec.kind);
  if (kind.path == DataKind::Path::kDirectory && !fs::is_directory(spec.path)) {
    throw InputError(printable(spec.path), "there is no such directory");
  }
  check_reading(options.reading, kind);
  return kind.open({spec.path, split, labelled, options});
}

// Whether the pictures are as small as CIFAR's, going by a few of them.
bool holds_small_pictures(const DataKind& kind, const std::string& path) {
  constexpr size_t kLooks = 9;
  constexpr int kSmall = 48;
  try {
    const auto source = open(kind.name + ":" + (kind.small_part ? kind.small_part(path) : path), Split::kTrain, false,
                             {.skip_bad = true});
    std::vector<int> sides;
    for (size_t i = 0; i < kLooks; ++i) {
      const uint64_t index = source->size() * i / kLooks;
      const image::Size size = image::read_size(source->file(index), source->describe(index));
      sides.push_back(std::min(size.width, size.height));
    }
    std::nth_element(sides.begin(), sides.begin() + kLooks / 2, sides.end());
    return sides[kLooks / 2] <= kSmall;
  } catch (const InputError&) {
    return false;  // what is wrong is said when the data are opened
  }
}

const char* name_of(Split split) { return split == Split::kTrain ? "training part" : "test part"; }

}  // namespace

uint64_t Source::unlabelled() const { return static_cast<uint64_t>(std::count(labels_.begin(), labels_.end(), -1)); }

std::string Source::file(uint64_t index) const {
  image::Image image;
  load(index, image);
  return image::encode_png(image);
}

SourceSpec SourceSpec::parse(const std::string& text) {
  using Path = DataKind::Path;
  const size_t colon = text.find(':');
  SourceSpec spec{text.substr(0, colon), colon == std::string::npos ? "" : text.substr(colon + 1)};
  if (colon == std::string::npos && fs::is_directory(text)) {
    const auto names = data_kinds().names();
    if (std::find(names.begin(), names.end(), text) == names.end()) {
      throw InputError("--data", "'" + text + "' names no kind of data",
                       "for a directory of images write folder:" + text);
    }
  }
  const DataKind& kind = data_kinds().at(spec.kind);
  if (spec.path.empty() && (kind.path == Path::kDirectory || kind.path == Path::kDirectoryOrGlob)) {
    throw InputError("--data", "'" + text + "' names no directory", "write " + kind.name + ":DIRECTORY");
  }
  if (!spec.path.empty() && kind.path == Path::kNone) {
    throw InputError("--data", "nothing follows " + kind.name + ", but '" + text + "' has a path");
  }
  return spec;
}

std::string SourceSpec::preset() const {
  const DataKind& entry = data_kinds().at(kind);
  if (!entry.preset.empty()) return entry.preset;
  return holds_small_pictures(entry, path) ? "cifar" : "imagenet";
}

std::string source_forms() {
  std::vector<std::string> forms;
  for (const auto& kind : data_kinds()) {
    const bool alone = kind.path == DataKind::Path::kNone || kind.path == DataKind::Path::kOptional;
    forms.push_back(alone ? kind.name : kind.name + ":DIR");
    if (kind.path == DataKind::Path::kDirectoryOrGlob) forms.back() += " or " + kind.name + ":GLOB";
  }
  return join(forms);
}

std::unique_ptr<Source> open_source(const std::string& text, Split split, const OpenOptions& options) {
  auto source = open(text, split, false, options);
  options.notice(reading_line(text, name_of(split), *source));
  return source;
}

std::unique_ptr<Source> open_labelled_source(const std::string& text, Split split, const OpenOptions& options) {
  auto source = open(text, split, true, options);
  options.notice(reading_line(text, name_of(split), *source));
  if (source->class_names().empty()) {
    throw InputError(
        printable(text), "the images have no labels",
        "labels are the names of class folders, DIR/train/CLASS/*.jpg, or a table, --labels FILE.csv; of shards "
        "KEY.cls, or --label-key");
  }
  if (source->unlabelled() == source->size()) throw InputError(printable(text), "no image has a label");
  return labelled_part(std::move(source));
}

bool has_test_split(const std::string& text) {
  const SourceSpec spec = SourceSpec::parse(text);
  const DataKind& kind = data_kinds().at(spec.kind);
  return !kind.has_test_split || kind.has_test_split(spec.path);
}

}  // namespace directclr::data
