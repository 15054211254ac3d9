#include <gtest/gtest.h>

#include <filesystem>

#include "directclr/core/files.h"
#include "directclr/data/source.h"
#include "tests/support/error_of.h"
#include "tests/support/folders.h"
#include "tests/support/temporary_folder.h"

namespace directclr::data {
namespace {

using test::error_of;

// Two classes of two training pictures, three of validation, as the archive has them.
class TinyImageNetTest : public ::testing::Test {
 protected:
  TinyImageNetTest() {
    for (const char* path : {"train/n02/images/n02_0.JPEG", "train/n02/images/n02_1.JPEG",
                             "train/n01/images/n01_0.JPEG", "train/n01/images/n01_1.JPEG", "val/images/val_0.JPEG",
                             "val/images/val_1.JPEG", "val/images/val_2.JPEG", "test/images/test_0.JPEG"}) {
      std::filesystem::create_directories((folder_ / path).parent_path());
      std::filesystem::copy_file(test::fixture("rgb_444.jpg"), folder_ / path);
    }
    write_file(folder_ / "train/n01/n01_boxes.txt", "n01_0.JPEG\t0\t0\t62\t63\n");
    write_file(folder_ / "words.txt", "n00\tentity\nn01\tgoldfish, Carassius auratus\n");
    annotate(kLines);
  }
  void annotate(const std::string& text) { write_file(folder_ / "val/val_annotations.txt", text); }
  std::unique_ptr<Source> open(Split split) { return open_source(spec_, split); }
  std::string error(Split split) {
    return error_of([&] { open(split); });
  }

  static constexpr const char* kLines =
      "val_0.JPEG\tn02\t0\t32\t44\t62\nval_1.JPEG\tn01\t52\t55\t57\t59\nval_2.JPEG\tn02\t4\t0\t60\t55\n";
  test::TemporaryFolder folder_;
  const std::string spec_ = "tiny-imagenet:" + folder_.path().string();
};

TEST_F(TinyImageNetTest, ReadsTheArchivesLayout) {
  const auto train = open(Split::kTrain);
  EXPECT_EQ(train->labels(), (std::vector<int64_t>{0, 0, 1, 1}));
  EXPECT_EQ(train->class_names(), (std::vector<std::string>{"goldfish, Carassius auratus", "n02"}));
  EXPECT_TRUE(train->describe(2).ends_with("train/n02/images/n02_0.JPEG")) << train->describe(2);
  image::Image picture;
  train->load(3, picture);
  EXPECT_GT(picture.width, 0);

  ASSERT_TRUE(has_test_split(spec_));
  const auto val = open_labelled_source(spec_, Split::kTest);
  EXPECT_EQ(val->labels(), (std::vector<int64_t>{1, 0, 1}));
  EXPECT_EQ(val->class_names(), train->class_names());
  EXPECT_TRUE(val->describe(1).ends_with("val/images/val_1.JPEG")) << val->describe(1);
}

TEST_F(TinyImageNetTest, TakesLinesThatEndAsWindowsEndsThem) {
  std::string lines = kLines;
  for (size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; at += 2) lines.insert(at, "\r");
  annotate(lines);
  EXPECT_EQ(open(Split::kTest)->labels(), (std::vector<int64_t>{1, 0, 1}));
}

TEST_F(TinyImageNetTest, AnotherLabelIsAnotherSet) {
  const uint64_t before = open(Split::kTest)->fingerprint();
  EXPECT_EQ(open(Split::kTest)->fingerprint(), before);
  std::string lines = kLines;
  lines.replace(lines.find("n02"), 3, "n01");
  annotate(lines);
  EXPECT_NE(open(Split::kTest)->fingerprint(), before);
}

TEST_F(TinyImageNetTest, RefusesDamagedAnnotationsByLine) {
  const std::string lines = kLines;
  const auto with = [&](const std::string& found, const std::string& instead) {
    std::string text = lines;
    text.replace(text.find(found), found.size(), instead);
    annotate(text);
    return error(Split::kTest);
  };
  const auto expect = [](const std::string& error, const char* where, const char* what) {
    EXPECT_NE(error.find(where), std::string::npos) << error;
    EXPECT_NE(error.find(what), std::string::npos) << error;
  };
  expect(with("n01\t", "n07\t"), "val/val_annotations.txt:2", "'n07' is no class under train/");
  expect(with("val_2", "val_9"), "val/val_annotations.txt:3", "val/images has no 'val_9.JPEG'");
  expect(with("val_1", "val_0"), "val/val_annotations.txt:2", "an earlier line has it");
  expect(with("\t55\n", "\n"), "val/val_annotations.txt:3", "six fields");
  expect(with("\n", "\n\n"), "val/val_annotations.txt:2", "six fields");
  annotate(lines.substr(0, lines.find("val_2")));
  expect(error(Split::kTest), "val/val_annotations.txt", "no line for val/images/val_2.JPEG");
  std::filesystem::remove(folder_ / "val/val_annotations.txt");
  expect(error(Split::kTest), "val/val_annotations.txt", "write folder:");
}

TEST_F(TinyImageNetTest, NamesWhatIsMissing) {
  std::filesystem::remove_all(folder_ / "train/n01/images");
  EXPECT_NE(error(Split::kTrain).find("train/n01/images: there is no such directory"), std::string::npos)
      << error(Split::kTrain);
  std::filesystem::remove_all(folder_ / "val");
  EXPECT_FALSE(has_test_split(spec_));
}

}  // namespace
}  // namespace directclr::data
