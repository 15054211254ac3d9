#include "directclr/data/data_kinds.h"

#include "directclr/data/folder_parts.h"
#include "directclr/data/sources.h"

namespace directclr::data {

namespace {

namespace fs = std::filesystem;

// stl10's unlabelled images are the ones to train on, if they are there.
std::unique_ptr<Source> open_part_of_stl10(const DataKind::Request& r) {
  const bool unlabelled = r.split == Split::kTrain && !r.labelled && fs::exists(fs::path(r.path) / "unlabeled_X.bin");
  return open_stl10(r.path, r.split, unlabelled);
}

bool folder_has_test_part(const std::string& path) { return folder_has_split(path, Split::kTest); }

std::string first_shard(const std::string& path) { return shard_paths(path, Split::kTrain)[0].string(); }

}  // namespace

const Table<DataKind>& data_kinds() {
  using Path = DataKind::Path;
  using Request = DataKind::Request;
  static const Table<DataKind> kinds(
      "--data",
      {
          {.name = "fashion-mnist",
           .help = "70,000 gray pictures of clothes, 28 px: IDX files, in DIR or where the system's package puts them",
           .path = Path::kOptional,
           .open = [](const Request& r) { return open_fashion_mnist(r.path, r.split); },
           .preset = "fashion"},
          {.name = "cifar10",
           .help = "60,000 pictures of 10 classes, 32 px: the binary version",
           .open = [](const Request& r) { return open_cifar10(r.path, r.split); },
           .preset = "cifar"},
          {.name = "cifar100",
           .help = "60,000 pictures of 100 classes, 32 px: the binary version",
           .open = [](const Request& r) { return open_cifar100(r.path, r.split); },
           .preset = "cifar"},
          {.name = "stl10",
           .help = "96 px, with 100,000 unlabelled pictures to train on: the binary version",
           .open = open_part_of_stl10,
           .preset = "imagenet"},
          {.name = "tiny-imagenet",
           .help = "pictures of 200 classes, 64 px: the archive's layout, val/ for the test part",
           .open = [](const Request& r) { return open_tiny_imagenet(r.path, r.split, r.options.reading.upright); },
           .preset = "cifar",
           // The archive's own test/ has no labels.
           .has_test_split = [](const std::string& path) { return fs::is_directory(fs::path(path) / "val"); },
           .reading = {"upright"},
           .own_files = true},
          {.name = "folder",
           .help = "picture files, sub-folders are classes, under train/ and val/ or test/ where there are parts",
           .open = [](const Request& r) { return open_folder(r.path, r.split, r.options.reading); },
           .has_test_split = folder_has_test_part,
           .always_labelled = false,
           .reading = {"upright", "labels"},
           .own_files = true},
          {.name = "shards",
           .help = "tar archives of WebDataset's, those of directclr pack among them",
           .path = Path::kDirectoryOrGlob,
           .open = [](const Request& r) { return open_shards(r.path, r.split, r.options); },
           .small_part = first_shard,
           .has_test_split = folder_has_test_part,
           .always_labelled = false,
           .reading = {"upright", "label_key", "image_key"}},
      });
  return kinds;
}

}  // namespace directclr::data
