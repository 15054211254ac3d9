#include "directclr/data/source.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/data/sources.h"
#include "directclr/image/decode.h"
#include "directclr/image/encode.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kKinds = {"fashion-mnist", "cifar10", "cifar100", "stl10", "folder", "shards"};

fs::path fashion_directory(const std::string& given) {
  if (!given.empty()) return given;
  // Where the system package puts it, then where tools/fetch-fashion-mnist does.
  const fs::path packaged = "/usr/share/datasets/fashion-mnist";
  if (fs::exists(packaged)) return packaged;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const fs::path fetched =
      (cache ? fs::path(cache) : fs::path(home ? home : ".") / ".cache") / "directclr" / "fashion-mnist";
  if (fs::exists(fetched)) return fetched;
  throw InputError("fashion-mnist", "not found in " + packaged.string() + " or " + fetched.string(),
                   "install the package dataset-fashion-mnist, or run tools/fetch-fashion-mnist");
}

std::unique_ptr<Source> open(const std::string& text, Split split, bool labelled, const OpenOptions& options = {}) {
  const SourceSpec spec = SourceSpec::parse(text);
  if (spec.kind == "fashion-mnist") {
    return open_idx(
        fashion_directory(spec.path), split,
        {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"});
  }
  if (spec.kind == "shards") return open_shards(spec.path, split, options);
  if (!fs::is_directory(spec.path)) throw InputError(spec.path, "there is no such directory");
  if (spec.kind == "cifar10") return open_cifar10(spec.path, split);
  if (spec.kind == "cifar100") return open_cifar100(spec.path, split);
  if (spec.kind == "stl10") {
    const bool unlabelled = split == Split::kTrain && !labelled && fs::exists(fs::path(spec.path) / "unlabeled_X.bin");
    return open_stl10(spec.path, split, unlabelled);
  }
  return open_folder(spec.path, split);
}

// Whether the pictures are as small as CIFAR's, going by a few of them; of shards by those of the first.
bool holds_small_pictures(const SourceSpec& spec) {
  constexpr size_t kLooks = 9;
  constexpr int kSmall = 48;
  try {
    std::string path = spec.path;
    if (spec.kind == "shards") {
      const auto shards =
          matching_files(fs::is_directory(path) ? (folder_of_split(path, Split::kTrain) / "*.tar").string() : path);
      if (shards.empty()) return false;
      path = shards[0].string();
    }
    const auto source = open(spec.kind + ":" + path, Split::kTrain, false, {.skip_bad = true});
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

}  // namespace

std::string Source::file(uint64_t index) const {
  image::Image image;
  load(index, image);
  return image::encode_png(image);
}

SourceSpec SourceSpec::parse(const std::string& text) {
  const size_t colon = text.find(':');
  SourceSpec spec{text.substr(0, colon), colon == std::string::npos ? "" : text.substr(colon + 1)};
  for (const auto& kind : kKinds) {
    if (kind != spec.kind) continue;
    if (spec.path.empty() && kind != "fashion-mnist") {
      throw InputError("--data", "'" + text + "' names no directory", "write " + kind + ":DIRECTORY");
    }
    return spec;
  }
  const std::string near = nearest(spec.kind, kKinds);
  std::string hint = near.empty() ? "" : "did you mean '" + near + "'? ";
  if (fs::is_directory(text)) hint = "for a directory of images write folder:" + text + "; ";
  throw InputError("--data", "'" + text + "' is no known kind of data", hint + "kinds: " + join(kKinds));
}

std::string SourceSpec::preset() const {
  if (kind == "fashion-mnist") return "fashion";
  if (kind == "cifar10" || kind == "cifar100") return "cifar";
  return (kind == "folder" || kind == "shards") && holds_small_pictures(*this) ? "cifar" : "imagenet";
}

std::unique_ptr<Source> open_source(const std::string& text, Split split, const OpenOptions& options) {
  return open(text, split, false, options);
}

std::unique_ptr<Source> open_labelled_source(const std::string& text, Split split, const OpenOptions& options) {
  auto source = open(text, split, true, options);
  if (!source->labelled()) {
    throw InputError(text, "the images have no labels", "labels are the names of class folders: DIR/train/CLASS/*.jpg");
  }
  return source;
}

bool has_test_split(const std::string& text) {
  const SourceSpec spec = SourceSpec::parse(text);
  return (spec.kind != "folder" && spec.kind != "shards") || folder_has_split(spec.path, Split::kTest);
}

}  // namespace directclr::data
