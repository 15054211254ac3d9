// Data sets whose images lie as raw bytes in a few large files: they are read whole and kept in memory.

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/data/sources.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

// Images of one size, stored planar or gray, turned into interleaved RGB when loaded.
class MemorySource final : public Source {
 public:
  MemorySource(std::string name, int side, int channels, bool columns_first, std::vector<uint8_t> pixels,
               std::vector<int64_t> labels, std::vector<std::string> class_names)
      : name_(std::move(name)),
        side_(side),
        channels_(channels),
        columns_first_(columns_first),
        pixels_(std::move(pixels)) {
    labels_ = std::move(labels);
    class_names_ = std::move(class_names);
    fingerprint_ = fnv1a({reinterpret_cast<const char*>(pixels_.data()), pixels_.size()});
    fingerprint_ = fnv1a({reinterpret_cast<const char*>(labels_.data()), labels_.size() * 8}, fingerprint_);
  }

  void load(uint64_t index, image::Image& image) const override {
    const auto side = static_cast<size_t>(side_);
    const size_t plane = side * side;
    const uint8_t* in = pixels_.data() + index * plane * static_cast<size_t>(channels_);
    image.width = image.height = side_;
    image.pixels.resize(plane * 3);
    for (size_t c = 0; c < 3; ++c) {
      const uint8_t* channel = in + (channels_ == 3 ? c * plane : 0);
      for (size_t i = 0; i < plane; ++i) {
        const size_t from = columns_first_ ? (i % side) * side + i / side : i;
        image.pixels[3 * i + c] = channel[from];
      }
    }
  }

  std::string describe(uint64_t index) const override { return name_ + ", image " + std::to_string(index); }

 private:
  std::string name_;
  int side_;
  int channels_;
  bool columns_first_;
  std::vector<uint8_t> pixels_;
};

fs::path existing(const fs::path& directory, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (fs::exists(directory / name)) return directory / name;
  }
  throw InputError(directory.string(), std::string("has no file ") + *names.begin());
}

// An IDX file: magic 0x0000TTDD (type, dimensions), big-endian sizes, then the data.
struct Idx {
  std::vector<uint32_t> shape;
  std::string_view data;
};

Idx parse_idx(const std::string& bytes, const fs::path& path, uint32_t magic) {
  const auto word = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    return value;
  };
  if (bytes.size() < 4 || word(0) != magic) {
    throw InputError(path.string(), "wrong magic number: no IDX file of the expected type",
                     format("expected 0x%08X", magic));
  }
  Idx idx;
  const size_t dimensions = magic & 0xFF;
  if (bytes.size() < 4 + 4 * dimensions) throw InputError(path.string(), "the IDX header is truncated");
  uint64_t count = 1;
  for (size_t d = 0; d < dimensions; ++d) {
    idx.shape.push_back(word(4 + 4 * d));
    // Every size is below 2^32; a product that overflows 2^40 is no real file and must not wrap around.
    count = std::min<uint64_t>(count, 1ULL << 31) * idx.shape.back();
  }
  const uint64_t held = bytes.size() - 4 - 4 * dimensions;
  if (held != count) {
    throw InputError(path.string(),
                     format("the IDX file holds %llu bytes of data, its header promises %llu",
                            static_cast<unsigned long long>(held), static_cast<unsigned long long>(count)),
                     held < count ? "the file is truncated" : "");
  }
  idx.data = std::string_view(bytes).substr(4 + 4 * dimensions);
  return idx;
}

// Reads records of `label_bytes` + `pixel_bytes`; the label wanted is the last label byte.
void read_records(const fs::path& path, size_t label_bytes, size_t pixel_bytes, size_t classes,
                  std::vector<uint8_t>& pixels, std::vector<int64_t>& labels) {
  const std::string bytes = read_file(path);
  const size_t record = label_bytes + pixel_bytes;
  if (bytes.empty() || bytes.size() % record != 0) {
    throw InputError(path.string(), format("%zu bytes are no whole number of %zu-byte records", bytes.size(), record),
                     "is it the binary version of the data set, and complete?");
  }
  for (size_t at = 0; at < bytes.size(); at += record) {
    const auto label = static_cast<uint8_t>(bytes[at + label_bytes - 1]);
    if (label >= classes) throw InputError(path.string(), format("label %d in record %zu", label, at / record));
    labels.push_back(label);
    pixels.insert(pixels.end(), bytes.begin() + static_cast<ptrdiff_t>(at + label_bytes),
                  bytes.begin() + static_cast<ptrdiff_t>(at + record));
  }
}

std::vector<std::string> read_names(const fs::path& path) {
  std::vector<std::string> names;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty()) names.push_back(line);
  }
  return names;
}

// Where the system package puts it, then where tools/fetch-fashion-mnist does.
fs::path fashion_directory() {
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

std::vector<std::string> numbered(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back("class " + std::to_string(i));
  return names;
}

}  // namespace

std::unique_ptr<Source> open_idx(const fs::path& directory, Split split, std::vector<std::string> class_names) {
  if (!fs::is_directory(directory)) throw InputError(directory.string(), "there is no such directory");
  const bool train = split == Split::kTrain;
  const fs::path image_path = train ? existing(directory, {"train-images-idx3-ubyte.gz", "train-images-idx3-ubyte"})
                                    : existing(directory, {"t10k-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte"});
  const fs::path label_path = train ? existing(directory, {"train-labels-idx1-ubyte.gz", "train-labels-idx1-ubyte"})
                                    : existing(directory, {"t10k-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte"});
  const std::string image_bytes = read_gzip_file(image_path);
  const std::string label_bytes = read_gzip_file(label_path);
  const Idx images = parse_idx(image_bytes, image_path, 0x00000803);
  const Idx labels = parse_idx(label_bytes, label_path, 0x00000801);
  if (images.shape[0] != labels.shape[0]) {
    throw InputError(directory.string(), format("%u images but %u labels", images.shape[0], labels.shape[0]),
                     "files of different sets?");
  }
  if (images.shape[0] == 0) throw InputError(image_path.string(), "holds no images");
  if (images.shape[1] != images.shape[2]) throw InputError(image_path.string(), "the images are not square");
  std::vector<int64_t> values;
  for (const char label : labels.data) {
    const auto value = static_cast<uint8_t>(label);
    if (value >= class_names.size()) throw InputError(label_path.string(), format("label %d is out of range", value));
    values.push_back(value);
  }
  return std::make_unique<MemorySource>(image_path.string(), static_cast<int>(images.shape[1]), 1, false,
                                        std::vector<uint8_t>(images.data.begin(), images.data.end()), std::move(values),
                                        std::move(class_names));
}

std::unique_ptr<Source> open_fashion_mnist(const std::string& directory, Split split) {
  return open_idx(
      directory.empty() ? fashion_directory() : fs::path(directory), split,
      {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"});
}

std::unique_ptr<Source> open_cifar10(const fs::path& directory, Split split) {
  std::vector<uint8_t> pixels;
  std::vector<int64_t> labels;
  if (split == Split::kTest) {
    read_records(existing(directory, {"test_batch.bin"}), 1, 3072, 10, pixels, labels);
  } else {
    for (const char* name :
         {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}) {
      read_records(existing(directory, {name}), 1, 3072, 10, pixels, labels);
    }
  }
  auto names = read_names(directory / "batches.meta.txt");
  if (names.size() != 10) {
    names = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
  }
  return std::make_unique<MemorySource>(directory.string(), 32, 3, false, std::move(pixels), std::move(labels),
                                        std::move(names));
}

std::unique_ptr<Source> open_cifar100(const fs::path& directory, Split split) {
  std::vector<uint8_t> pixels;
  std::vector<int64_t> labels;
  read_records(existing(directory, {split == Split::kTrain ? "train.bin" : "test.bin"}), 2, 3072, 100, pixels, labels);
  auto names = read_names(directory / "fine_label_names.txt");
  if (names.size() != 100) names = numbered(100);
  return std::make_unique<MemorySource>(directory.string(), 32, 3, false, std::move(pixels), std::move(labels),
                                        std::move(names));
}

std::unique_ptr<Source> open_stl10(const fs::path& directory, Split split, bool unlabelled) {
  constexpr size_t kImageBytes = 96 * 96 * 3;
  const char* image_name = unlabelled ? "unlabeled_X.bin" : split == Split::kTrain ? "train_X.bin" : "test_X.bin";
  const fs::path path = existing(directory, {image_name});
  const std::string bytes = read_file(path);
  if (bytes.empty() || bytes.size() % kImageBytes != 0) {
    throw InputError(path.string(), format("%zu bytes are no whole number of 96 x 96 x 3 images", bytes.size()));
  }
  std::vector<int64_t> labels(bytes.size() / kImageBytes, -1);
  std::vector<std::string> names;
  if (!unlabelled) {
    const fs::path label_path = existing(directory, {split == Split::kTrain ? "train_y.bin" : "test_y.bin"});
    const std::string label_bytes = read_file(label_path);
    if (label_bytes.size() != labels.size()) {
      throw InputError(label_path.string(), format("%zu labels for %zu images", label_bytes.size(), labels.size()));
    }
    for (size_t i = 0; i < labels.size(); ++i) {
      labels[i] = static_cast<uint8_t>(label_bytes[i]) - 1;  // stored as 1 .. 10
      if (labels[i] < 0 || labels[i] > 9) throw InputError(label_path.string(), format("bad label at %zu", i));
    }
    names = read_names(directory / "class_names.txt");
    if (names.size() != 10) names = numbered(10);
  }
  return std::make_unique<MemorySource>(path.string(), 96, 3, true, std::vector<uint8_t>(bytes.begin(), bytes.end()),
                                        std::move(labels), std::move(names));
}

}  // namespace directclr::data
