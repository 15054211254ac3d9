// Folders as people have them.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/data/relabelled.h"
#include "directclr/data/source.h"
#include "directclr/data/subset.h"
#include "directclr/data/survey.h"
#include "tests/support/error_of.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;
using Labels = std::vector<int64_t>;

class OddFolder : public ::testing::Test {
 protected:
  void add(const std::string& path, const std::string& what = "rgb_444.jpg") {
    fs::create_directories((folder_ / path).parent_path());
    fs::copy_file(test::fixture(what), folder_ / path);
  }
  std::unique_ptr<Source> open(Split split = Split::kTrain, ReadSettings reading = {}) {
    return open_source(spec(), split,
                       {.notice = [this](const std::string& line) { said_ = line; }, .reading = reading});
  }
  std::string error(Split split = Split::kTrain, ReadSettings reading = {}) {
    return test::error_of([&] { open(split, reading); });
  }
  std::unique_ptr<Source> matched() {
    const auto train = open();
    return with_classes_of(*train, open(Split::kTest), "data", [this](const std::string& line) { said_ = line; });
  }
  std::string spec() const { return "folder:" + folder_.path().string(); }
  bool says(const std::string& text) const { return said_.find(text) != std::string::npos; }

  test::TemporaryFolder folder_, cache_;
  std::string said_;

  void SetUp() override { ::setenv("XDG_CACHE_HOME", cache_.path().c_str(), 1); }
  void TearDown() override { ::unsetenv("XDG_CACHE_HOME"); }
};

TEST_F(OddFolder, EveryReadableKindIsTakenByContentAndOthersAreCounted) {
  add("a/1.webp", "formats/lossy.webp");
  add("a/2.TIFF", "formats/plain.tiff");
  add("a/3.bmp", "formats/RGB.bmp");
  add("a/4.gif", "formats/plain.gif");
  add("b/1.pgm", "formats/text.pgm");
  add("b/no_suffix");
  add("b/odd.suffix", "rgb.png");
  write_file(folder_ / "b/x.heic", "no picture");
  write_file(folder_ / "b/notes.txt", "BM is how some files begin");
  write_file(folder_ / "b/._1.jpg", "of a Macintosh");
  for (int again = 0; again < 2; ++again) {  // also from the cached index
    const auto source = open();
    EXPECT_EQ(source->size(), 7u);
    EXPECT_EQ(source->labels(), (Labels{0, 0, 0, 0, 1, 1, 1}));
    EXPECT_TRUE(says(", training part: 7 images of 2 classes; ")) << said_;
    EXPECT_TRUE(says("HEIF files, which are not read: 1 (b/x.heic)")) << said_;
    EXPECT_TRUE(says(".txt files: 1 (b/notes.txt)")) << said_;
    EXPECT_TRUE(says("hidden files: 1 (b/._1.jpg)")) << said_;
    image::Image image;
    for (uint64_t i = 0; i < source->size(); ++i) EXPECT_NO_THROW(source->load(i, image)) << source->describe(i);
    const auto some = at_most(3, *source);
    EXPECT_EQ(some->reading().text(), source->reading().text()) << "what some of them are taken of";
  }
}

// As tar, rsync and cp -a do when they finish a copy in a second go.
TEST_F(OddFolder, ImagesThatCameWithTheirFoldersOldTimesAreSeen) {
  const auto date_back = [&] {
    for (const char* name : {"a", "b", ""}) fs::last_write_time(folder_ / name, fs::file_time_type{});
  };
  add("a/1.jpg");
  add("b/1.jpg");
  date_back();
  EXPECT_EQ(open()->size(), 2u);
  add("a/2.jpg");
  add("b/2.jpg");
  date_back();
  EXPECT_EQ(open()->size(), 4u);
}

TEST_F(OddFolder, AnIndexIsReadAgainAndOneOfAnotherVersionIsMadeAnew) {
  add("a/1.jpg");
  add("b/1.jpg");
  open();
  const auto files = fs::directory_iterator(cache_ / "directclr/index");
  const fs::path index = files->path();
  std::string text = read_file(index);
  const auto replace = [&](const std::string& from, const std::string& to) {
    ASSERT_NE(text.find(from), std::string::npos) << text;
    write_file(index, text.replace(text.find(from), from.size(), to));
  };
  replace("f b/1.jpg", "f b/9.jpg");
  EXPECT_TRUE(open()->describe(1).ends_with("b/9.jpg")) << "it comes from the index";
  replace("folder index 3", "folder index 2");
  EXPECT_TRUE(open()->describe(1).ends_with("b/1.jpg"));
}

TEST_F(OddFolder, AClassThatLosesAllItsImagesIsAnErrorThatNamesIt) {
  add("train/a/1.jpg");
  add("train/c/1.jpg");
  fs::create_directories(folder_ / "train/b");
  EXPECT_NE(error().find("train: no image can be read of b ("), std::string::npos) << error();
  write_file(folder_ / "train/b/1.heic", "x");
  EXPECT_NE(error().find("no image can be read of b; left out: HEIF files, which are not read: 1 (b/1.heic)"),
            std::string::npos)
      << error();
  fs::remove_all(folder_ / "train/c");
  fs::remove_all(folder_ / "train/b");
  fs::remove_all(folder_ / "train/a");
  fs::create_directories(folder_ / "train/b");
  write_file(folder_ / "train/b/1.heic", "x");
  EXPECT_NE(error().find("holds no images; left out: HEIF"), std::string::npos) << error();
}

TEST_F(OddFolder, TestClassesAreMatchedByName) {
  for (const char* name : {"a", "b", "c"}) add(std::string("train/") + name + "/1.jpg");
  add("val/a/1.jpg");
  add("val/c/1.jpg");
  const auto test = matched();
  EXPECT_EQ(test->labels(), (Labels{0, 2}));
  EXPECT_EQ(test->class_names(), (Names{"a", "b", "c"}));
  EXPECT_TRUE(says("has no test images of 1 of 3 classes: b")) << said_;
  fs::remove_all(folder_ / "val/a");  // a single one is a class all the same
  EXPECT_EQ(matched()->labels(), (Labels{2}));
  add("val/d/1.jpg");
  EXPECT_NE(test::error_of([&] { matched(); }).find("test images, but no training images, of d"), std::string::npos);
}

TEST_F(OddFolder, LinksAreFollowedAndLoopsAreSaid) {
  add("a/1.jpg");
  add("b/1.jpg");
  fs::create_symlink("..", folder_ / "a/up");
  fs::create_symlink("nowhere", folder_ / "a/gone.jpg");
  fs::create_directory_symlink("a", folder_ / "c");
  ASSERT_EQ(::mkfifo((folder_ / "b/pipe.jpg").c_str(), 0600), 0);
  const auto source = open();
  EXPECT_EQ(source->labels(), (Labels{0, 1, 2}));
  EXPECT_TRUE(says("links back to a folder above: 2 (a/up, ..)")) << said_;
  EXPECT_TRUE(says("links that lead nowhere: 2 (")) << said_;
  EXPECT_TRUE(says("pipes, sockets and devices: 1 (b/pipe.jpg)")) << said_;
  // Folders that all lead to one another would take for ever.
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < 8; ++j) {
      fs::create_directories(folder_ / ("m" + std::to_string(i)));
      fs::create_symlink("../m" + std::to_string(j), folder_ / ("m" + std::to_string(i)) / std::to_string(j));
    }
  }
  EXPECT_NE(error().find("by more than sixteen ways"), std::string::npos) << error();
}

TEST_F(OddFolder, NamesOfAnyBytesAreShownEscaped) {
  add("d\xE9/1.jpg");
  add("e/two\nlines.jpg");
  write_file(folder_ / "e/\xFF.txt", "x");
  const auto source = open();
  EXPECT_EQ(source->class_names(), (Names{"d\\xE9", "e"}));
  EXPECT_TRUE(source->describe(0).ends_with("d\\xE9/1.jpg"));
  EXPECT_TRUE(source->describe(1).ends_with("two\\x0Alines.jpg"));
  EXPECT_TRUE(says(".txt files: 1 (e/\\xFF.txt)")) << said_;
  image::Image image;
  EXPECT_NO_THROW(source->load(0, image));
  EXPECT_NE(reading_json(*source).dump().find("e/\\\\xFF.txt"), std::string::npos);
}

TEST_F(OddFolder, ImagesBesideClassesAndFoldersBesidePartsAreSaid) {
  add("train/a/1.jpg");
  add("train/b/1.jpg");
  add("train/stray.jpg");
  add("bus/1.jpg");
  const auto source = open();
  EXPECT_EQ(source->labels(), (Labels{0, 1, -1}));
  EXPECT_FALSE(source->labelled());
  EXPECT_TRUE(says("folders beside the parts: 1 (bus), images without a label: 1 (stray.jpg)")) << said_;
  const auto labelled = open_labelled_source(spec(), Split::kTrain);
  EXPECT_EQ(labelled->labels(), (Labels{0, 1}));
  EXPECT_TRUE(labelled->labelled());
}

TEST_F(OddFolder, PartsMayBeCalledOtherwise) {
  for (const auto& [train, test] : std::vector<std::pair<std::string, std::string>>{
           {"Train", "Test"}, {"training", "testing"}, {"TRAINING", "Validation"}, {"train", "valid"}}) {
    for (const char* name : {"a", "b"}) {
      add(train + "/" + name + "/1.jpg");
      add(test + "/" + name + "/1.jpg");
      add(test + "/" + name + "/2.jpg");
    }
    add("masks/1.jpg");
    EXPECT_EQ(open()->labels(), (Labels{0, 1})) << train;
    EXPECT_TRUE(says("folders beside the parts: 1 (masks)")) << said_;
    EXPECT_TRUE(has_test_split(spec())) << test;
    EXPECT_EQ(matched()->labels(), (Labels{0, 0, 1, 1})) << test;
    for (const auto& name : {train, test, std::string("masks")}) fs::remove_all(folder_ / name);
  }
  add("Train/a/1.jpg");
  add("Train/b/1.jpg");
  EXPECT_EQ(open()->class_names(), (Names{"a", "b"})) << "alone it is a part";
}

TEST_F(OddFolder, TheUsualPartsComeBeforeOthers) {
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "Training/c/1.jpg", "test/a/1.jpg", "valid/b/1.jpg"}) {
    add(name);
  }
  EXPECT_EQ(open()->class_names(), (Names{"a", "b"}));
  EXPECT_TRUE(says("folders beside the parts: 2 (Training, ..)")) << said_;
  EXPECT_EQ(matched()->labels(), (Labels{0}));
}

TEST_F(OddFolder, AClassAmongOthersMayBeCalledLikeAPart) {
  add("Train/1.jpg");
  add("bus/1.jpg");
  EXPECT_EQ(open()->class_names(), (Names{"Train", "bus"}));
  fs::remove_all(folder_ / "Train");
  fs::remove_all(folder_ / "bus");
  add("invalid/1.jpg");
  add("valid/1.jpg");
  EXPECT_EQ(open()->class_names(), (Names{"invalid", "valid"}));
  EXPECT_FALSE(has_test_split(spec()));
}

TEST_F(OddFolder, TestPartsAloneAreNotTrainedOn) {
  add("val/a/1.jpg");
  add("val/b/1.jpg");
  add("test/a/1.jpg");
  EXPECT_NE(error().find("has val/, but no train/ (put the images for training under train/; to take one folder alone "
                         "name it, folder:" +
                         folder_.path().string() + "/val)"),
            std::string::npos)
      << error();
  EXPECT_EQ(open(Split::kTest)->size(), 2u);
  fs::remove_all(folder_ / "val");
  add("c/1.jpg");
  EXPECT_NE(error().find("has test/, but no train/"), std::string::npos) << "beside classes it would be one of them";
}

TEST_F(OddFolder, ClassesThatArePartsByTheirNamesAreRefused) {
  add("test_images/1.jpg");
  add("train_images/1.jpg");
  EXPECT_NE(error().find("test_images and train_images are parts by their names, not classes (call them train/ and "
                         "val/, or name one of them, folder:"),
            std::string::npos)
      << error();
  add("bus/1.jpg");
  EXPECT_EQ(open()->class_names().size(), 3u);
}

class LabelledFolder : public OddFolder {
 protected:
  std::unique_ptr<Source> open_with(const std::string& table) {
    write_file(cache_ / "labels.csv", table);
    return open(Split::kTrain, reading());
  }
  std::string error_with(const std::string& table) {
    return test::error_of([&] { open_with(table); });
  }
  ReadSettings reading() const {
    ReadSettings reading;
    reading.labels = (cache_ / "labels.csv").string();
    return reading;
  }
};

TEST_F(LabelledFolder, AFirstLineThatNamesNoImageIsAHeadingWhateverItSays) {
  std::string rows = "id_code,diagnosis\n";
  for (int i = 0; i < 12; ++i) {
    add("k" + std::to_string(i) + ".jpg");
    rows += "k" + std::to_string(i) + "," + std::to_string(i) + "\n";
  }
  const auto source = open_with(rows);
  EXPECT_EQ(source->class_names(), (Names{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}));
  EXPECT_TRUE(says("that name no image and are taken for a heading: 1 (id_code,diagnosis)")) << said_;
  // A row like others is none: its image is not here, and its class is that of others or its name that of a picture.
  EXPECT_EQ(open_with("gone,cat\nk1,cat\nk2,dog\n")->labels()[1], 0);
  EXPECT_TRUE(says("that name no image here: 1 (gone)")) << said_;
  EXPECT_EQ(open_with("gone.jpg,ape\nk1.jpg,cat\n")->class_names(), (Names{"ape", "cat"}));
}

TEST_F(LabelledFolder, AFirstLineThatNamesAnImageIsARowWhateverItsClass) {
  add("1.jpg");
  add("2.jpg");
  EXPECT_EQ(open_with("1.jpg,target\n2.jpg,none\n")->labels(), (Labels{1, 0}));
  EXPECT_EQ(open_with("1,zebra\n2.jpg,ape\n")->labels(), (Labels{1, 0}));
  EXPECT_EQ(open_with("what,target\n1,zebra\n2,ape\n")->class_names(), (Names{"ape", "zebra"}));
}

TEST_F(LabelledFolder, BlanksAroundCellsDoNotCount) {
  for (const char* name : {"1.jpg", "2.jpg", "3.jpg", " 4 .jpg"}) add(name);
  const auto source = open_with("path , class\n1.jpg, 1\n2.jpg ,1 \n \"3.jpg\" , \" 2\"\n\" 4 .jpg\",2\n  \n");
  EXPECT_EQ(source->class_names(), (Names{"1", "2"}));
  EXPECT_EQ(source->labels(), (Labels{1, 0, 0, 1}));
}

TEST_F(LabelledFolder, NumbersOfClassesAreWrittenInOneWay) {
  for (const char* name : {"1.jpg", "2.jpg", "3.jpg"}) add(name);
  EXPECT_EQ(open_with("1.jpg,10.0\n2.jpg,2.0\n3.jpg,\n")->class_names(), (Names{"2.0", "10.0"}));
  EXPECT_EQ(open_with("1.jpg,010\n2.jpg,002\n")->class_names(), (Names{"002", "010"}));
  EXPECT_NE(error_with("1.jpg,01\n2.jpg,1\n")
                .find("labels.csv: the classes '01' and '1' are one number (write it in one way)"),
            std::string::npos)
      << error_with("1.jpg,01\n2.jpg,1\n");
}

TEST_F(LabelledFolder, TextInUtf16IsNamed) {
  add("1.jpg");
  using std::string_literals::operator""s;
  const std::string text = "1\0.\0j\0p\0g\0,\0a\0\n\0"s;
  for (const auto& bytes : {"\xFF\xFE" + text, text, "\xFE\xFF"s + '\0' + text.substr(0, text.size() - 1)}) {
    EXPECT_TRUE(error_with(bytes).ends_with("labels.csv: is text in UTF-16 (write it in UTF-8)")) << error_with(bytes);
  }
}

TEST_F(OddFolder, LabelsComeFromATable) {
  for (const char* name : {"1.jpg", "2.jpg", "3.jpg", "4.jpg"}) add(std::string("train/") + name);
  add("val/5.jpg");
  const std::string table = (cache_ / "labels.csv").string();
  ReadSettings reading;
  reading.labels = table;
  write_file(table,
             "\xEF\xBB\xBFimage;breed\r\ntrain/3.jpg;cat\r\n\"1.jpg\";\"the \"\"dog\"\"\"\r\n2;cat\r\n5;ape\r\n");
  const auto source = open(Split::kTrain, reading);
  EXPECT_EQ(source->class_names(), (Names{"ape", "cat", "the \"dog\""}));
  EXPECT_EQ(source->labels(), (Labels{2, 1, 1, -1}));
  EXPECT_TRUE(says("images without a label: 1 (4.jpg)")) << said_;
  EXPECT_TRUE(says("that name no image here: 1 (5)")) << said_;
  EXPECT_EQ(open(Split::kTest, reading)->labels(), (Labels{0})) << "both parts count alike";
  write_file(table, "1.jpg,10\n2.jpg,9\n3.jpg,\n4.jpg,10\n");  // no heading; numbers in their order
  EXPECT_EQ(open(Split::kTrain, reading)->labels(), (Labels{1, 0, -1, 1}));
  EXPECT_NE(open(Split::kTrain, reading)->fingerprint(), open()->fingerprint());
  const auto refused = [&](const std::string& content, const std::string& what) {
    write_file(table, content);
    EXPECT_NE(error(Split::kTrain, reading).find(what), std::string::npos) << error(Split::kTrain, reading);
  };
  refused("1.jpg,a\n2.jpg,b,c\n", "labels.csv:2: expected two fields: path and class");
  refused("1.jpg,a\n2.jpg,b\n1.jpg,c\n", "labels.csv:3: '1.jpg' is of class 'c' here and of 'a' in line 1");
  refused("path,class\n", "holds no labels");
  refused("7.jpg,a\n8.jpg,b\n", "names no image of");
  EXPECT_NE(test::error_of([&] {
              open_source("cifar10:" + folder_.path().string(), Split::kTrain, {.reading = reading});
            }).find("--labels: does not go with cifar10 (it goes with folder)"),
            std::string::npos);
}

TEST_F(OddFolder, UprightTurnsAndIsAnotherSet) {
  add("held.jpg", "formats/held_6.jpg");
  ReadSettings reading;
  reading.upright = true;
  image::Image stored, upright;
  open()->load(0, stored);
  open(Split::kTrain, reading)->load(0, upright);
  EXPECT_EQ(stored.width, upright.height);
  EXPECT_NE(open()->fingerprint(), open(Split::kTrain, reading)->fingerprint());
}

TEST_F(OddFolder, ASurveyNamesAllThatIsOdd) {
  add("1.jpg", "formats/held_6.jpg");
  add("2.jpg", "formats/cmyk_without_adobe.jpg");
  add("3.png", "formats/sixteen_bits.png");
  add("4.webp", "formats/animated.webp");
  add("5.jpg", "rgb.png");
  add("6.jpg", "truncated.jpg");
  add("7.jpg", "text.jpg");
  write_file(folder_ / "8.jpg", "");
  add("9.gif", "formats/animated.gif");
  add("9.tif", "formats/several.tiff");
  const auto source = open();
  const Survey seen = survey(*source, 100, false, {});
  EXPECT_EQ(seen.looked_at, 10u);
  EXPECT_EQ(seen.formats,
            (std::map<std::string, uint64_t>{{"GIF", 1}, {"JPEG", 3}, {"PNG", 2}, {"TIFF", 1}, {"WebP", 1}}));
  const std::string odd = seen.odd.text();
  for (const char* what : {"EXIF says to turn (--upright): 1", "CMYK: 1", "of 16 bits a sample, of which 8 are kept: 1",
                           "first frame is taken: 2 (", "TIFFs of several pages, of which the first is taken: 1",
                           "PNG files with another suffix: 1", "empty files: 1", "files that cannot be read: 1 ("}) {
    EXPECT_NE(odd.find(what), std::string::npos) << what << " in " << odd;
  }
  EXPECT_NE(survey(*source, 100, true, {}).odd.text().find("files that cannot be read: 2 ("), std::string::npos)
      << "the truncated one too";
  EXPECT_EQ(survey(*source, 3, false, {}).looked_at, 3u);
}

TEST_F(OddFolder, ASurveyNamesEveryFileThatCannotBeRead) {
  add("1.jpg", "truncated.jpg");
  add("2.jpg");
  add("3.jpg", "truncated.jpg");
  write_file(folder_ / "4.jpg", "");
  const std::string root = fs::canonical(folder_.path()).string();
  EXPECT_EQ(
      survey(*open(), 100, true, {}).unreadable,
      (Names{root + "/1.jpg: truncated JPEG", root + "/3.jpg: truncated JPEG", root + "/4.jpg: the file is empty"}));
}

}  // namespace
}  // namespace directclr::data
