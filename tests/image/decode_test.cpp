#include "directclr/image/decode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/philox.h"
#include "directclr/image/encode.h"
#include "tests/support/golden.h"

namespace directclr::image {
namespace {

TEST(Decode, GivesPillowsPixelsForEveryKindOfFile) {
  const test::Golden golden("decode");
  ASSERT_GE(golden.cases.size(), 15U);
  for (const auto& c : golden.cases) {
    const auto name = c.at("file").get<std::string>();
    const Image expected = golden.image(name);
    const std::string bytes = read_file(test::fixture(name));
    const Image actual = decode(bytes, name);
    EXPECT_EQ(actual.width, expected.width) << name;
    EXPECT_TRUE(test::same_bytes(actual.pixels, expected.pixels)) << name;
    const Size size = read_size(bytes, name);
    EXPECT_EQ(size.width, expected.width) << name;
    EXPECT_EQ(size.height, expected.height) << name;
  }
}

// The part of a picture that a region says it holds, against the whole one; false where it lacks what was asked for.
void expect_exact(const std::string& bytes, const std::string& name, const Image& whole, const Box& part) {
  Region region;
  decode_region(
      bytes, name,
      [&](Size size) {
        EXPECT_EQ(size.width, whole.width) << name;
        return part;
      },
      region);
  ASSERT_EQ(region.whole.height, whole.height) << name;
  ASSERT_EQ(around(region.box, part), region.box) << name << ": the part is not inside";
  for (int y = part.top; y < part.top + part.height; ++y) {
    const uint8_t* expected = whole.row(y) + 3 * part.left;
    const uint8_t* actual = region.image.row(y - region.box.top) + 3 * (part.left - region.box.left);
    ASSERT_TRUE(std::equal(expected, expected + 3 * part.width, actual))
        << name << ", part " << part.left << " " << part.top << " " << part.width << " x " << part.height << ", row "
        << y;
  }
}

void expect_parts_exact(const std::string& bytes, const std::string& name, int parts) {
  const Image whole = decode(bytes, name);
  RandomStream random(7, Purpose::kSplit);
  const auto below = [&](int n) { return static_cast<int>(random.below(static_cast<uint32_t>(n))); };
  for (int i = 0; i < parts; ++i) {
    const int width = 1 + below(whole.width), height = 1 + below(whole.height);
    expect_exact(bytes, name, whole, {below(whole.width - width + 1), below(whole.height - height + 1), width, height});
  }
  expect_exact(bytes, name, whole, {0, 0, whole.width, whole.height});
  expect_exact(bytes, name, whole, {whole.width - 1, whole.height - 1, 1, 1});
}

TEST(DecodeRegion, EqualsThePartOfAFullDecodeForEveryKindOfFile) {
  const test::Golden golden("decode");
  for (const auto& c : golden.cases) {
    const auto name = c.at("file").get<std::string>();
    std::string bytes = read_file(test::fixture(name));
    expect_parts_exact(bytes, name, 5);
    // What follows the picture is not read: it makes a small file one that is decoded in part.
    if (bytes.starts_with("\xFF\xD8")) expect_parts_exact(bytes + std::string(9000, '\0'), name, 60);
  }
}

TEST(DecodeRegion, EqualsThePartOfAFullDecodeOfPhotographs) {
  const char* folder = std::getenv("DIRECTCLR_TEST_DATA");
  if (!folder) GTEST_SKIP() << "DIRECTCLR_TEST_DATA names no folder with imagenet-sample-200.tar";
  const std::string tar = read_file(std::filesystem::path(folder) / "imagenet-sample-200.tar");
  int seen = 0;
  for (size_t at = 0; at + 512 < tar.size() && tar[at] != 0;) {
    const size_t size = std::stoul(tar.substr(at + 124, 11), nullptr, 8);
    const std::string bytes = tar.substr(at + 512, size);
    if (bytes.starts_with("\xFF\xD8")) {
      expect_parts_exact(bytes, tar.c_str() + at, 3);
      ++seen;
    }
    at += 512 + (size + 511) / 512 * 512;
  }
  EXPECT_GT(seen, 150);
}

TEST(DecodeRegion, NamesWhatIsWrong) {
  Region region;
  const auto everything = [](Size size) { return Box{0, 0, size.width, size.height}; };
  const std::string good = read_file(test::fixture("rgb_444.jpg"));
  const std::string cut = good.substr(0, good.size() / 2);
  EXPECT_THROW(decode_region(cut, "file", everything, region), InputError);
  EXPECT_THROW(decode_region("", "file", everything, region), InputError);
  EXPECT_THROW(decode_region(std::string("\xFF\xD8\xFF") + std::string(9000, 'x'), "file", everything, region),
               InputError);
}

std::string error_of(const std::string& bytes) {
  try {
    decode(bytes, "file");
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Decode, NamesWhatIsWrong) {
  EXPECT_EQ(error_of(read_file(test::fixture("truncated.jpg"))), "file: truncated JPEG");
  EXPECT_EQ(error_of(read_file(test::fixture("text.jpg"))),
            "file: no picture (known are JPEG, PNG, WebP, PNM, BMP, TIFF, GIF)");
  EXPECT_EQ(error_of(""), "file: the file is empty");
  EXPECT_EQ(error_of("\xFF\xD8\xFF"), "file: damaged JPEG: JPEG datastream contains no image");
  const std::string png = read_file(test::fixture("rgb.png"));
  EXPECT_NE(error_of(png.substr(0, png.size() / 2)).find("file: damaged PNG"), std::string::npos);
}

// Pillow reads some JPEGs without their end marker, those whose last row needs no look beyond the end.
TEST(Decode, ReadsTheJpegsWithoutAnEndThatPillowReads) {
  const test::Golden golden("jpeg_ends");
  int read = 0;
  for (const auto& c : golden.cases) {
    const auto name = c.at("name").get<std::string>();
    const array::Array& file = golden["file/" + name];
    const std::string bytes(reinterpret_cast<const char*>(file.data<uint8_t>()), static_cast<size_t>(file.size(0)));
    if (!c.at("read").get<bool>()) {
      EXPECT_EQ(error_of(bytes), "file: truncated JPEG") << name;
      continue;
    }
    ++read;
    ASSERT_EQ(error_of(bytes), "no error") << name;
    EXPECT_TRUE(test::same_bytes(decode(bytes, name).pixels, golden.image(name).pixels)) << name;
    expect_parts_exact(bytes, name, 5);
  }
  EXPECT_GT(read, 20);
}

TEST(Decode, RefusesThePngThatClaimsAGigabyteBesideItsPixels) {
  const std::string png = read_file(test::fixture("rgb.png"));
  const size_t after_header = 33;  // signature, and IHDR with its checksum
  const std::string claim(
      "\x41\0\0\x1A"
      "eXIf",
      8);
  const std::string message = error_of(png.substr(0, after_header) + claim + png.substr(after_header));
  EXPECT_NE(message.find("limits"), std::string::npos) << message;
}

// A flipped byte may decode to other pixels or be refused; it must never do anything else.
TEST(Decode, SurvivesDamage) {
  for (const std::string name : {"rgb_420.jpg", "progressive.jpg", "cmyk.jpg", "palette.png"}) {
    const std::string good = read_file(test::fixture(name));
    int refused = 0;
    for (size_t at = 2; at < good.size(); at += 7) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ 0x55);
      refused += error_of(bad) != "no error";
    }
    EXPECT_GT(refused, 0) << name;
  }
}

TEST(EncodePng, ReadsBackExactly) {
  const Image picture = decode(read_file(test::fixture("rgb_444.jpg")), "rgb_444.jpg");
  const Image back = decode(encode_png(picture), "back");
  EXPECT_EQ(back.width, picture.width);
  EXPECT_TRUE(test::same_bytes(back.pixels, picture.pixels));
}

}  // namespace
}  // namespace directclr::image
