#include "directclr/image/decode.h"

#include <gtest/gtest.h>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
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
            "file: neither JPEG nor PNG (other formats must be converted first)");
  EXPECT_EQ(error_of(""), "file: the file is empty");
  EXPECT_EQ(error_of("\xFF\xD8\xFF"), "file: damaged JPEG: JPEG datastream contains no image");
  const std::string png = read_file(test::fixture("rgb.png"));
  EXPECT_NE(error_of(png.substr(0, png.size() / 2)).find("file: damaged PNG"), std::string::npos);
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
