#include "directclr/data/source.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/data_kinds.h"
#include "directclr/data/pack.h"
#include "directclr/data/sources.h"
#include "directclr/data/subset.h"
#include "directclr/image/encode.h"
#include "tests/support/error_of.h"
#include "tests/support/golden.h"
#include "tests/support/idx_files.h"
#include "tests/support/temporary_folder.h"

namespace directclr::data {
namespace {

using test::error_of;

const std::vector<std::string> kTen(10, "class");

TEST(SourceSpec, NamesTheNearestKind) {
  EXPECT_EQ(SourceSpec::parse("folder:/x:y").path, "/x:y");
  EXPECT_NE(error_of([] { SourceSpec::parse("cifar-10:/x"); }).find("did you mean 'cifar10'?"), std::string::npos);
  EXPECT_NE(error_of([] { SourceSpec::parse("cifar10"); }).find("write cifar10:DIRECTORY"), std::string::npos);
  EXPECT_NE(error_of([] { SourceSpec::parse("/tmp"); }).find("write folder:/tmp"), std::string::npos);
}

TEST(DataKinds, SayWhatFollowsTheirNames) {
  EXPECT_TRUE(source_forms().starts_with("fashion-mnist, cifar10:DIR, cifar100:DIR, stl10:DIR, ")) << source_forms();
  EXPECT_TRUE(source_forms().ends_with("folder:DIR, shards:DIR or shards:GLOB")) << source_forms();
  EXPECT_TRUE(SourceSpec::parse("fashion-mnist").path.empty());
  EXPECT_EQ(SourceSpec::parse("fashion-mnist:/x").path, "/x");
  for (const auto& kind : data_kinds()) {
    EXPECT_FALSE(kind.help.empty()) << kind.name;
    // A preset that there is, or one that the pictures decide.
    AugmentSettings settings;
    if (!kind.preset.empty()) {
      EXPECT_NO_THROW(settings.apply_preset(kind.preset)) << kind.name;
    }
    const bool directory = kind.path == DataKind::Path::kDirectory;
    const std::string error = error_of([&] { open_source(kind.name + ":/no/such", Split::kTrain); });
    EXPECT_NE(error.find(directory ? "there is no such directory" : "/no/such"), std::string::npos) << error;
  }
}

// The formats' list of kinds names all of them.
TEST(DataKinds, StandInTheDocumentation) {
  const std::string formats = read_file(test::tests_folder().parent_path() / "docs/formats.md");
  for (const auto& kind : data_kinds()) {
    EXPECT_NE(formats.find("\n| `" + kind.name), std::string::npos) << kind.name << " is missing in docs/formats.md";
  }
}

TEST(IdxSource, ReadsImagesAndLabels) {
  const test::TemporaryFolder folder;
  test::write_idx_set(folder.path(), 23, 11);
  const auto train = open_idx(folder.path(), Split::kTrain, kTen);
  EXPECT_EQ(train->size(), 23U);
  EXPECT_EQ(train->label(13), 3);
  EXPECT_EQ(open_idx(folder.path(), Split::kTest, kTen)->size(), 11U);
  image::Image picture;
  train->load(1, picture);
  EXPECT_EQ(picture.width, 28);
  const std::string bytes = read_file(folder / "train-images-idx3-ubyte");
  EXPECT_EQ(picture.row(20)[3 * 7 + 2], static_cast<uint8_t>(bytes[16 + 28 * 28 + 20 * 28 + 7]));
}

TEST(Subset, HoldsChosenImagesAndIsAnotherSet) {
  EXPECT_EQ(spread_places(4, 10), (std::vector<uint64_t>{0, 2, 5, 7}));
  EXPECT_EQ(spread_places(3, 3), (std::vector<uint64_t>{0, 1, 2}));
  EXPECT_TRUE(spread_places(0, 5).empty());
  const test::TemporaryFolder folder;
  test::write_idx_set(folder.path(), 23, 11);
  const auto all = open_idx(folder.path(), Split::kTrain, kTen);
  const Subset some(*all, {1, 13});
  ASSERT_EQ(some.size(), 2u);
  EXPECT_EQ(some.label(1), all->label(13));
  EXPECT_EQ(some.class_names(), all->class_names());
  EXPECT_EQ(some.describe(1), all->describe(13));
  image::Image here, there;
  some.load(1, here);
  all->load(13, there);
  EXPECT_EQ(here.pixels, there.pixels);
  EXPECT_NE(some.fingerprint(), all->fingerprint());
  EXPECT_NE(some.fingerprint(), Subset(*all, {1, 14}).fingerprint());
  EXPECT_EQ(at_most(2, *all)->describe(1), all->describe(11));
  for (const uint64_t limit : {0, 23, 24}) EXPECT_EQ(at_most(limit, *all), nullptr) << limit;
}

TEST(IdxSource, NamesWhatIsWrongWithAFile) {
  const test::TemporaryFolder folder;
  const auto images = folder / "train-images-idx3-ubyte";
  const auto labels = folder / "train-labels-idx1-ubyte";
  const auto open = [&] { open_idx(folder.path(), Split::kTrain, kTen); };
  EXPECT_NE(error_of(open).find("has no file train-images-idx3-ubyte"), std::string::npos);

  test::write_idx_set(folder.path(), 20, 10);
  const std::string good = read_file(images);
  write_file(images, good.substr(0, good.size() - 100));
  EXPECT_NE(error_of(open).find("truncated"), std::string::npos) << error_of(open);
  write_file(images, "\x01" + good.substr(1));
  EXPECT_NE(error_of(open).find("wrong magic number"), std::string::npos) << error_of(open);
  write_file(images, test::big_endian(0x803) + test::big_endian(0xFFFFFFFF) + test::big_endian(0xFFFFFFFF) +
                         test::big_endian(0xFFFFFFFF));
  EXPECT_NE(error_of(open).find("truncated"), std::string::npos) << error_of(open);

  write_file(images, good);
  write_file(labels, test::big_endian(0x801) + test::big_endian(19) + std::string(19, '\1'));
  EXPECT_NE(error_of(open).find("20 images but 19 labels"), std::string::npos) << error_of(open);
  write_file(labels, test::big_endian(0x801) + test::big_endian(20) + std::string(20, '\x0B'));
  EXPECT_NE(error_of(open).find("label 11 is out of range"), std::string::npos) << error_of(open);
}

// A record of one label (or two) and 3072 bytes, channel by channel.
std::string cifar_record(size_t label_bytes, int label, int red, int green, int blue) {
  std::string record(label_bytes, '\0');
  record.back() = static_cast<char>(label);
  for (const int value : {red, green, blue}) record += std::string(1024, static_cast<char>(value));
  return record;
}

TEST(CifarSource, ReadsChannelPlanesAndTheFineLabel) {
  const test::TemporaryFolder folder;
  for (int batch = 1; batch <= 5; ++batch) {
    write_file(folder / ("data_batch_" + std::to_string(batch) + ".bin"), cifar_record(1, batch, 10, 20, 30));
  }
  write_file(folder / "test_batch.bin", cifar_record(1, 9, 1, 2, 3));
  const auto source = open_cifar10(folder.path(), Split::kTrain);
  ASSERT_EQ(source->size(), 5U);
  EXPECT_EQ(source->label(4), 5);
  image::Image picture;
  source->load(0, picture);
  EXPECT_EQ(picture.row(17)[3 * 9 + 2], 30);
  EXPECT_EQ(source->class_names()[9], "truck");

  write_file(folder / "train.bin", cifar_record(2, 77, 1, 2, 3));
  EXPECT_EQ(open_cifar100(folder.path(), Split::kTrain)->label(0), 77);
  write_file(folder / "test_batch.bin", "short");
  EXPECT_NE(error_of([&] { open_cifar10(folder.path(), Split::kTest); }).find("no whole number of 3073-byte records"),
            std::string::npos);
}

TEST(Stl10Source, ReadsColumnsFirst) {
  const test::TemporaryFolder folder;
  std::string bytes(96 * 96 * 3, '\0');
  bytes[5 * 96 + 2] = '\x63';  // red, column 5, row 2
  write_file(folder / "train_X.bin", bytes);
  write_file(folder / "train_y.bin", "\x03");
  write_file(folder / "unlabeled_X.bin", bytes + bytes);
  const auto labelled = open_stl10(folder.path(), Split::kTrain, false);
  EXPECT_EQ(labelled->label(0), 2);
  image::Image picture;
  labelled->load(0, picture);
  EXPECT_EQ(picture.row(2)[3 * 5], 0x63);
  const std::string spec = "stl10:" + folder.path().string();
  EXPECT_EQ(open_source(spec, Split::kTrain)->size(), 2U);           // the unlabelled part
  EXPECT_EQ(open_labelled_source(spec, Split::kTrain)->size(), 1U);  // the labelled one
}

class FolderTest : public ::testing::Test {
 protected:
  void add(const std::string& path) {
    std::filesystem::create_directories((folder_ / path).parent_path());
    std::filesystem::copy_file(test::fixture("rgb_444.jpg"), folder_ / path);
  }
  std::unique_ptr<Source> open(Split split) { return open_source("folder:" + folder_.path().string(), split); }
  test::TemporaryFolder folder_;
};

TEST_F(FolderTest, TakesClassFoldersAndSplits) {
  for (const char* path : {"train/b/1.jpg", "train/a/2.JPEG", "train/a/1.jpg", "val/a/9.png", "val/b/8.jpg"}) add(path);
  write_file(folder_ / "train/a/notes.txt", "no picture");
  write_file(folder_ / "train/a/.hidden.jpg", "hidden");
  const auto train = open(Split::kTrain);
  ASSERT_EQ(train->size(), 3U);
  EXPECT_EQ(train->class_names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(train->labels(), (std::vector<int64_t>{0, 0, 1}));
  EXPECT_TRUE(train->describe(0).ends_with("train/a/1.jpg"));
  EXPECT_EQ(open(Split::kTest)->size(), 2U);
}

TEST_F(FolderTest, TakesAFlatFolderAsUnlabelled) {
  for (const char* path : {"x.jpg", "y.jpg"}) add(path);
  const auto source = open(Split::kTrain);
  EXPECT_EQ(source->size(), 2U);
  EXPECT_FALSE(source->labelled());
  EXPECT_NE(error_of([&] { open(Split::kTest); }).find("has no test images"), std::string::npos);
  EXPECT_NE(error_of([&] {
              open_labelled_source("folder:" + folder_.path().string(), Split::kTrain);
            }).find("the images have no labels"),
            std::string::npos);
}

TEST_F(FolderTest, PresetGoesByThePicturesSize) {
  const auto preset = [&](const std::string& kind) {
    return SourceSpec::parse(kind + folder_.path().string()).preset();
  };
  EXPECT_EQ(preset("folder:"), "imagenet") << "an empty folder";
  image::Image small;
  small.resize(32, 40);
  for (const char* name : {"a.png", "b.png", "c.png"}) write_file(folder_ / name, image::encode_png(small));
  EXPECT_EQ(preset("folder:"), "cifar");
  pack(*open(Split::kTrain), {}, folder_ / "train", {});
  EXPECT_EQ(preset("shards:"), "cifar");
  const std::string shard = read_file(folder_ / "train/00000.tar");
  write_file(folder_ / "train/00000.tar", shard.substr(0, shard.size() - 1100));
  EXPECT_EQ(preset("shards:"), "cifar") << "a damaged archive tells too";
  for (const char* name : {"d.jpg", "e.jpg", "f.jpg", "g.jpg"}) add(name);
  EXPECT_EQ(preset("folder:"), "imagenet") << "most are large";
}

TEST_F(FolderTest, RefusesAnEmptyFolder) {
  EXPECT_NE(error_of([&] { open(Split::kTrain); }).find("holds no images"), std::string::npos);
  EXPECT_NE(error_of([&] { open_source("folder:/no/such", Split::kTrain); }).find("there is no such directory"),
            std::string::npos);
}

TEST_F(FolderTest, SeesFilesAddedAfterTheIndexWasCached) {
  const test::TemporaryFolder cache;
  ::setenv("XDG_CACHE_HOME", cache.path().c_str(), 1);
  add("a/1.jpg");
  add("b/1.jpg");
  const auto first = open(Split::kTrain);
  ASSERT_EQ(std::distance(std::filesystem::directory_iterator(cache / "directclr/index"), {}), 1);
  const auto again = open(Split::kTrain);
  EXPECT_EQ(again->fingerprint(), first->fingerprint());
  EXPECT_EQ(again->describe(1), first->describe(1));
  add("b/2.jpg");
  EXPECT_EQ(open(Split::kTrain)->size(), 3U);
  // A damaged cache is ignored.
  const auto file = std::filesystem::directory_iterator(cache / "directclr/index")->path();
  write_file(file, read_file(file).substr(0, 60));
  EXPECT_EQ(open(Split::kTrain)->size(), 3U);
  ::unsetenv("XDG_CACHE_HOME");
}

}  // namespace
}  // namespace directclr::data
