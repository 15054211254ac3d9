#include <gtest/gtest.h>

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/tar.h"
#include "directclr/data/loader.h"
#include "directclr/data/pack.h"
#include "directclr/data/sources.h"
#include "directclr/image/decode.h"
#include "directclr/image/encode.h"
#include "tests/support/error_of.h"
#include "tests/support/golden.h"
#include "tests/support/tar_headers.h"
#include "tests/support/temporary_folder.h"

namespace directclr::data {
namespace {

namespace fs = std::filesystem;

// Two classes of three pictures each, of several kinds.
class Shards : public ::testing::Test {
 protected:
  Shards() {
    const char* const names[] = {"rgb_444.jpg", "rgb_420.jpg", "gray.jpg", "rgb.png", "progressive.jpg", "palette.png"};
    for (size_t i = 0; i < 6; ++i) {
      const fs::path folder = folder_ / (i < 3 ? "photos/cats" : "photos/dogs");
      make_directories(folder);
      fs::copy_file(test::fixture(names[i]), folder / names[i]);
    }
    source_ = open_folder(folder_ / "photos", Split::kTrain);
  }

  PackResult pack_with(const std::string& mode, const std::string& out) const {
    PackSettings settings;
    settings.mode = mode;
    settings.short_side = 20;
    return pack(*source_, settings, folder_ / out, {});
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<Source> source_;
};

TEST_F(Shards, HoldTheSamePicturesLabelsAndClasses) {
  for (const std::string mode : {"jpeg", "raw"}) {
    const auto result = pack_with(mode, mode);
    EXPECT_EQ(result.images, 6u);
    EXPECT_EQ(result.shards, 1u);
    const auto shards = open_shards((folder_ / mode).string(), Split::kTrain);
    ASSERT_EQ(shards->size(), 6u);
    EXPECT_EQ(shards->labels(), source_->labels());
    EXPECT_EQ(shards->class_names(), source_->class_names());
    for (uint64_t i = 0; i < 6; ++i) {
      image::Image expected, actual;
      source_->load(i, expected);
      shards->load(i, actual);
      EXPECT_EQ(actual.width, expected.width);
      EXPECT_TRUE(test::same_bytes(actual.pixels, expected.pixels)) << mode << ", " << shards->describe(i);
      EXPECT_TRUE(mode != "jpeg" || shards->file(i) == source_->file(i));
    }
  }
}

TEST_F(Shards, GiveTheLoaderTheSameBatches) {
  pack_with("jpeg", "packed");
  const auto shards = open_shards((folder_ / "packed").string(), Split::kTrain);
  LoaderOptions options;
  options.augment.image_size = 16;
  options.batch_size = 3;
  options.end_epoch = 3;
  for (const int64_t workers : {1, 2}) {
    options.workers = workers;
    Loader ours(*shards, options), theirs(*source_, options);
    Batch a, b;
    int batches = 0;
    for (; ours.next(a) && theirs.next(b); ++batches) {
      ASSERT_EQ(a.views * a.count, b.views * b.count);
      const auto *x = static_cast<const float*>(a.images), *y = static_cast<const float*>(b.images);
      EXPECT_TRUE(std::equal(x, x + a.views * a.count * 16 * 16 * 3, y)) << "batch " << batches;
    }
    EXPECT_EQ(batches, 6);
  }
}

TEST_F(Shards, ResizedOnesAreJpegsOfTheirSize) {
  pack_with("jpeg-resized", "small");
  const auto shards = open_shards((folder_ / "small").string(), Split::kTrain);
  for (uint64_t i = 0; i < 6; ++i) {
    image::Image before, after;
    source_->load(i, before);
    shards->load(i, after);
    EXPECT_TRUE(shards->file(i).starts_with("\xFF\xD8"));
    EXPECT_EQ(std::min(after.width, after.height), std::min({20, before.width, before.height}));
  }
}

TEST_F(Shards, BeginAnewWhenFullAndGoOnWhereTheyStopped) {
  // Pictures of more than a MiB, in archives of one.
  make_directories(folder_ / "large");
  for (int i = 0; i < 4; ++i) {
    image::Image picture(700, 600);
    for (size_t k = 0; k < picture.pixels.size(); ++k) picture.pixels[k] = static_cast<uint8_t>(k * (i + 3) >> 3);
    write_file(folder_ / "large" / (std::to_string(i) + ".png"), image::encode_png(picture));
  }
  const auto large = open_folder(folder_ / "large", Split::kTrain);
  PackSettings settings;
  settings.mode = "raw";
  settings.shard_size = 1;
  const auto whole = pack(*large, settings, folder_ / "whole", {});
  EXPECT_EQ(whole.shards, 4u);
  std::atomic<int> stop = 0;
  Context context;
  context.stop = &stop;
  context.progress = [&](const Progress& p) { stop = p.done == 2; };
  EXPECT_THROW(pack(*large, settings, folder_ / "stopped", context), Interrupted);
  EXPECT_FALSE(fs::exists(folder_ / "stopped/00003.tar"));
  pack(*large, settings, folder_ / "stopped", {});
  for (const char* name : {"00000.tar", "00001.tar", "00002.tar", "00003.tar", "pack.json"}) {
    EXPECT_EQ(read_file(folder_ / "stopped" / name), read_file(folder_ / "whole" / name)) << name;
  }
  settings.mode = "jpeg";
  EXPECT_NE(test::error_of([&] { pack(*large, settings, folder_ / "whole", {}); }).find("other data or settings"),
            std::string::npos);
}

TEST_F(Shards, DamageIsNamedWithItsPlace) {
  pack_with("jpeg", "packed");
  const fs::path path = folder_ / "packed/00000.tar";
  const std::string good = read_file(path);
  const auto error = [&](const std::string& bytes) {
    write_file(path, bytes);
    return test::error_of([&] { open_shards((folder_ / "packed").string(), Split::kTrain); });
  };
  EXPECT_NE(error(good.substr(0, 700)).find("00000.tar: truncated archive: a file goes past its end at byte 0"),
            std::string::npos);
  std::string bad = good;
  bad[3] = 'x';
  EXPECT_NE(error(bad).find("damaged header at byte 0"), std::string::npos) << error(bad);
  EXPECT_NE(error("").find("the file is empty"), std::string::npos);
  // With skip_bad what is whole before the damage is used, and said.
  const uint64_t all = [&] {
    write_file(path, good);
    return open_shards((folder_ / "packed").string(), Split::kTrain)->size();
  }();
  write_file(path, good.substr(0, good.size() * 6 / 10));
  std::string notice;
  const auto rest = open_shards((folder_ / "packed").string(), Split::kTrain,
                                {true, [&](const std::string& text) { notice = text; }});
  EXPECT_GT(rest->size(), 0U);
  EXPECT_LT(rest->size(), all);
  EXPECT_NE(notice.find("00000.tar: truncated archive"), std::string::npos) << notice;
  EXPECT_NE(notice.find("files before it are used"), std::string::npos) << notice;
  image::Image last;
  EXPECT_NO_THROW(rest->load(rest->size() - 1, last));
  // A picture that is damaged is the sample's fault alone.
  bad = good;
  bad.replace(512, 40, std::string(40, 'x'));
  EXPECT_EQ(error(bad), "no error");
  const auto shards = open_shards((folder_ / "packed").string(), Split::kTrain);
  image::Image picture;
  EXPECT_NE(test::error_of([&] { shards->load(0, picture); }).find("00000.tar, byte 512"), std::string::npos);
  EXPECT_NO_THROW(shards->load(1, picture));
  EXPECT_NE(
      test::error_of([&] { open_shards((folder_ / "none*.tar").string(), Split::kTrain); }).find("no such shards"),
      std::string::npos);
}

TEST(Tar, ReadsLongNamesOfBothKinds) {
  const std::string name(150, 'n'), content = "content";
  const std::string file = tar_header("short", content.size()) + test::padded(content);
  const std::string gnu = test::typed_header(tar_header("././@LongLink", name.size()), 'L') + test::padded(name) + file;
  const std::string record = std::to_string(name.size() + 10) + " path=" + name + "\n";
  const std::string pax = test::typed_header(tar_header("PaxHeader", record.size()), 'x') + test::padded(record) + file;
  const std::string folder = test::typed_header(tar_header("folder/", 0), '5') + file;
  for (const auto& [archive, expected] :
       {std::pair(file, std::string("short")), {gnu, name}, {pax, name}, {folder, std::string("short")}}) {
    const auto entries = read_tar_index(archive + std::string(1024, '\0'), "test");
    ASSERT_EQ(entries.size(), 1u) << expected;
    EXPECT_EQ(entries[0].name, expected);
    EXPECT_EQ(archive.substr(entries[0].offset, entries[0].size), content);
  }
}

// Any byte changed: read, or refused; never anything else.
TEST(Tar, SurvivesDamage) {
  std::string archive = tar_header("a.jpg", 600);
  archive += std::string(1024, 'x');
  archive += tar_header("a.cls", 1) + std::string(512, '3');
  for (size_t at = 0; at < archive.size(); ++at) {
    for (const char value : {'\0', '7', '\xFF', '\x80'}) {
      std::string bad = archive;
      bad[at] = value;
      try {
        for (const auto& entry : read_tar_index(bad, "test")) ASSERT_LE(entry.offset + entry.size, bad.size());
      } catch (const InputError&) {
      }
    }
  }
  for (size_t length = 0; length < archive.size(); length += 37) {
    try {
      read_tar_index(std::string_view(archive).substr(0, length), "test");
    } catch (const InputError&) {
    }
  }
}

TEST(Ppm, ReadsBackAndRefusesWhatIsNone) {
  const image::Image picture = image::decode(read_file(test::fixture("rgb.png")), "rgb.png");
  const std::string bytes = image::encode_ppm(picture);
  EXPECT_TRUE(test::same_bytes(image::decode(bytes, "x").pixels, picture.pixels));
  const auto error = [](const std::string& text) { return test::error_of([&] { image::decode(text, "x"); }); };
  EXPECT_EQ(error(bytes.substr(0, bytes.size() - 1)), "x: truncated PNM");
  EXPECT_NE(error("P6\n0 4\n255\n").find("damaged"), std::string::npos);
  EXPECT_NE(error("P6\n99999999999999999999 4\n255\n").find("x: "), std::string::npos);
  EXPECT_NE(error("P6\n4 4\n65536\n").find("damaged PNM"), std::string::npos);
  EXPECT_NE(error("P6 ").find("damaged PNM"), std::string::npos);
}

TEST(EncodeJpeg, IsNearThePicture) {
  const image::Image picture = image::decode(read_file(test::fixture("rgb_444.jpg")), "rgb_444.jpg");
  const image::Image back = image::decode(image::encode_jpeg(picture, 95), "back");
  ASSERT_EQ(back.pixels.size(), picture.pixels.size());
  double sum = 0;
  for (size_t i = 0; i < back.pixels.size(); ++i) sum += std::abs(back.pixels[i] - picture.pixels[i]);
  EXPECT_LT(sum / static_cast<double>(back.pixels.size()), 4) << "mean difference in grey levels";
}

}  // namespace
}  // namespace directclr::data
