// Archives as people have them.
#include <gtest/gtest.h>

#include <filesystem>

#include "directclr/core/files.h"
#include "directclr/core/tar.h"
#include "directclr/data/relabelled.h"
#include "directclr/data/source.h"
#include "tests/support/error_of.h"
#include "tests/support/golden.h"
#include "tests/support/tar_headers.h"
#include "tests/support/temporary_folder.h"

namespace directclr::data {
namespace {

using Names = std::vector<std::string>;
using Labels = std::vector<int64_t>;
using Members = std::vector<std::pair<std::string, std::string>>;

class OddShards : public ::testing::Test {
 protected:
  OddShards() : jpeg_(read_file(test::fixture("gray.jpg"))), webp_(read_file(test::fixture("formats/lossy.webp"))) {}
  static std::string archive(const Members& members) {
    std::string bytes;
    for (const auto& [name, content] : members) {
      bytes += tar_header(name, content.size()) + content;
      bytes.resize((bytes.size() + 511) / 512 * 512, '\0');
    }
    return bytes + std::string(1024, '\0');
  }
  void write(const Members& members, const std::string& file = "00000.tar") {
    make_directories((folder_ / file).parent_path());
    write_file(folder_ / file, archive(members));
  }
  std::unique_ptr<Source> open(ReadSettings reading = {}, const std::string& pattern = "",
                               Split split = Split::kTrain) {
    return open_source("shards:" + (folder_ / pattern).string(), split,
                       {.notice = [this](const std::string& line) { said_ = line; }, .reading = reading});
  }
  std::string error(ReadSettings reading = {}, const std::string& pattern = "") {
    return test::error_of([&] { open(reading, pattern); });
  }
  bool says(const std::string& text) const { return said_.find(text) != std::string::npos; }

  test::TemporaryFolder folder_;
  std::string jpeg_, webp_, said_;
};

TEST_F(OddShards, MembersMayStandAnywhere) {
  write({{"a.jpg", jpeg_},
         {"b.input.webp", webp_},
         {"./c.JPEG", jpeg_},
         {"b.cls", "7\n"},
         {"./c.cls", " 2"},
         {"a.cls", "0"}});
  const auto source = open();
  EXPECT_EQ(source->labels(), (Labels{0, 7, 2}));
  EXPECT_EQ(source->class_names(), (Names{"0", "1", "2", "3", "4", "5", "6", "7"})) << "numbers stay what they are";
  EXPECT_EQ(source->file(1), webp_);
  image::Image image;
  EXPECT_NO_THROW(source->load(1, image));
}

TEST_F(OddShards, WhatIsMissingIsCountedAndNamed) {
  write({{"a.jpg", jpeg_},
         {"a.cls", "1"},
         {"b.jpg", jpeg_},
         {"c.heic", "x"},
         {"c.cls", "0"},
         {"._a.jpg", "x"},
         {"__MACOSX/a.jpg", "x"},
         {"README", "x"},
         {"a.cls", "0"}});
  const auto source = open();
  EXPECT_EQ(source->labels(), (Labels{0, -1})) << "the last of two members counts";
  EXPECT_FALSE(source->labelled());
  for (const char* what :
       {"2 images of 1 classes", "images without a label: 1 (b.jpg)", "samples without an image: 1 (c.heic)",
        "hidden files: 2 (._a.jpg, ..)", "files without a suffix: 1 (README)",
        "members twice of one name, of which the last counts: 1 (a.cls)"}) {
    EXPECT_TRUE(says(what)) << what << " in " << said_;
  }
  EXPECT_EQ(open_labelled_source("shards:" + folder_.path().string(), Split::kTrain)->size(), 1u);
  write({{"a.cls", "1"}, {"b.heic", "x"}});
  EXPECT_NE(error().find("the shards hold no images; left out: samples without an image: 2 (a.cls, ..)"),
            std::string::npos)
      << error();
}

TEST_F(OddShards, LabelsComeFromOtherMembers) {
  write(
      {{"a.jpg", jpeg_}, {"a.txt", "dog\n"}, {"b.jpg", jpeg_}, {"b.txt", "cat\n"}, {"c.jpg", jpeg_}, {"c.txt", "dog"}});
  ReadSettings reading;
  EXPECT_TRUE(open(reading)->class_names().empty());
  reading.label_key = "txt";
  EXPECT_EQ(open(reading)->labels(), (Labels{1, 0, 1}));
  EXPECT_EQ(open(reading)->class_names(), (Names{"cat", "dog"}));
  write_file(folder_ / "classes.txt", "dog\ncow\ncat\n");
  EXPECT_EQ(open(reading)->labels(), (Labels{0, 2, 0}));
  write_file(folder_ / "classes.txt", "dog\n");
  EXPECT_NE(error(reading).find("the label of b.jpg, 'cat', is not in"), std::string::npos) << error(reading);
  std::filesystem::remove(folder_ / "classes.txt");

  write(
      {{"a.jpg", jpeg_}, {"a.json", R"({"label": 5, "name": "x"})"}, {"b.jpg", jpeg_}, {"b.json", R"({"label": 2})"}});
  reading.label_key = "label";
  EXPECT_EQ(open(reading)->labels(), (Labels{5, 2}));
  reading.label_key = "name";
  EXPECT_EQ(open(reading)->labels(), (Labels{0, -1}));
  write({{"a.jpg", jpeg_}, {"a.json", R"({"label": 0.5})"}});
  reading.label_key = "label";
  EXPECT_NE(error(reading).find("'label' is neither a text nor a whole number"), std::string::npos) << error(reading);
  write({{"a.jpg", jpeg_}, {"a.json", "{"}});
  EXPECT_NE(error(reading).find("00000.tar: a.json: "), std::string::npos) << error(reading);
  write({{"a.jpg", jpeg_}, {"a.cls", "99999999"}});
  EXPECT_NE(error().find("is above 999,999"), std::string::npos) << error();
  write({{"a.jpg", jpeg_}, {"a.cls", "dog"}});
  EXPECT_NE(error().find("'dog', holds no class number"), std::string::npos) << error();
}

TEST_F(OddShards, OneOfTwoPicturesIsTheImage) {
  write({{"a.seg.png", webp_}, {"a.jpg", jpeg_}, {"b.jpg", jpeg_}, {"b.seg.png", webp_}});
  const auto source = open();
  EXPECT_EQ(source->file(0), jpeg_);
  EXPECT_EQ(source->file(1), jpeg_);
  EXPECT_TRUE(says("other pictures of a sample: 2 (a.seg.png, ..)")) << said_;
  write({{"a.left.png", webp_}, {"a.right.png", jpeg_}});
  EXPECT_NE(error().find("a sample has two images: a.left.png and a.right.png (--image-key"), std::string::npos)
      << error();
  ReadSettings reading;
  reading.image_key = "right.png";
  EXPECT_EQ(open(reading)->file(0), jpeg_);
  reading.image_key = "dat";
  write({{"a.dat", webp_}});
  EXPECT_EQ(open(reading)->file(0), webp_);
}

TEST_F(OddShards, PatternsHaveBraces) {
  for (const char* name : {"s-000.tar", "s-001.tar", "s-002.tar"}) write({{"a.jpg", jpeg_}}, name);
  EXPECT_EQ(open({}, "s-{000..002}.tar")->size(), 3u);
  EXPECT_EQ(open({}, "s-{000,002}.tar")->size(), 2u);
  EXPECT_NE(error({}, "s-{000..003}.tar").find("s-003.tar: there are no such shards"), std::string::npos);
}

TEST_F(OddShards, CompressedArchivesAreSaid) {
  write_file(folder_ / "00000.tar.gz", "\x1F\x8B\x08...");
  EXPECT_NE(error().find("holds no plain archives; left out: compressed archives, which are not read: 1 (00000.tar.gz) "
                         "(unpack them first: gunzip FILE)"),
            std::string::npos)
      << error();
  EXPECT_NE(error({}, "00000.tar.gz").find("is compressed (gzip)"), std::string::npos) << error({}, "00000.tar.gz");
  write({{"a.jpg", jpeg_}});
  EXPECT_EQ(open()->size(), 1u);
  EXPECT_TRUE(says("compressed archives, which are not read: 1 (00000.tar.gz)")) << said_;
}

TEST_F(OddShards, TestClassesAreMatched) {
  write({{"a.jpg", jpeg_}, {"a.cls", "0"}, {"b.jpg", jpeg_}, {"b.cls", "7"}, {"c.jpg", jpeg_}, {"c.cls", "2"}},
        "train/0.tar");
  write({{"a.jpg", jpeg_}, {"a.cls", "2"}}, "val/0.tar");
  const auto train = open();
  const auto match = [&](ReadSettings reading = {}) {
    return with_classes_of(*open(reading), open(reading, "", Split::kTest), "data",
                           [this](const std::string& line) { said_ = line; });
  };
  EXPECT_EQ(match()->labels(), (Labels{2}));
  EXPECT_TRUE(says("no test images of 2 of 8 classes: 0, 7")) << said_;
  write({{"a.jpg", jpeg_}, {"a.cls", "8"}}, "val/0.tar");
  EXPECT_NE(test::error_of([&] { match(); }).find("no training images, of 8"), std::string::npos);
  ReadSettings reading;  // names, of which the test part has another first one
  reading.label_key = "txt";
  write({{"a.jpg", jpeg_}, {"a.txt", "ape"}, {"b.jpg", jpeg_}, {"b.txt", "bee"}}, "train/0.tar");
  write({{"b.jpg", jpeg_}, {"b.txt", "bee"}}, "val/0.tar");
  EXPECT_EQ(match(reading)->labels(), (Labels{1}));
}

TEST(TarIndex, KnowsSizesOfExtendedHeadersAndLinks) {
  const std::string record = "12 size=600\n";
  const std::string big = test::typed_header(tar_header("x", record.size()), 'x') + test::padded(record) +
                          tar_header("a.jpg", 0) + test::padded(std::string(600, 'a'));
  const std::string links = test::typed_header(tar_header("b.jpg", 0), '1', "a.jpg") +
                            test::typed_header(tar_header("c.jpg", 0), '2', "a.jpg") +
                            test::typed_header(tar_header("d.jpg", 0), '1', "nothing");
  std::vector<TarEntry> entries;
  std::vector<std::string> left_out;
  read_tar_index(big + links, "x", entries, &left_out);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].size, 600u);
  EXPECT_EQ(entries[1].name, "b.jpg");
  EXPECT_EQ(entries[1].offset, entries[0].offset);
  EXPECT_EQ(left_out, (Names{"c.jpg", "d.jpg"}));
  const std::string bad = test::typed_header(tar_header("x", 4), 'x') + test::padded("9 pa") + tar_header("a.jpg", 0);
  EXPECT_NE(test::error_of([&] { read_tar_index(bad, "x"); }).find("damaged extended header"), std::string::npos);
  EXPECT_NE(test::error_of([&] { read_tar_index("\x1F\x8B", "f.tar"); }).find("gunzip f.tar"), std::string::npos);
}

}  // namespace
}  // namespace directclr::data
