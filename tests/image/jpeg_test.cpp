// Our decoder of baseline JPEGs against libjpeg, bit for bit, for each width of vector registers.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "directclr/core/files.h"
#include "directclr/core/philox.h"
#include "directclr/image/decode.h"
#include "directclr/image/jpeg_baseline.h"
#include "tests/support/golden.h"
#include "tests/support/libjpeg.h"

namespace directclr::image {
namespace {

using test::JpegKind;

// Smooth slopes, sharp edges and noise of `noise` levels; with much of it every coefficient counts and colours
// saturate.
Image picture(int width, int height, uint32_t noise, uint64_t seed) {
  Image result(width, height);
  RandomStream random(seed, Purpose::kSplit);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int edge = (x / 7 + y / 5 + c) % 3 == 0 ? 90 : 0;
        const int value = 3 * x * (c + 1) % 160 + y * (3 - c) / 2 + edge + static_cast<int>(random.below(noise + 1));
        result.row(y)[3 * x + c] = static_cast<uint8_t>(std::min(value, 255));
      }
    }
  }
  return result;
}

// Decodes with every set of kernels; all must give the same. Nothing where any of it fails.
std::optional<Image> decode_part(const std::string& bytes, const Box& part) {
  const auto header = read_baseline_header(bytes);
  if (!header) return std::nullopt;
  std::optional<Image> first;
  for (const int width : {16, 32, 64}) {
    const JpegKernels* kernels = jpeg_kernels_of_width(width);
    if (!kernels) continue;
    BaselineJpeg decoder(*kernels);
    Image image;
    if (!decoder.decode(bytes, *header, part, image)) return std::nullopt;
    if (!first) first = image;
    EXPECT_TRUE(test::same_bytes(image.pixels, first->pixels)) << width << " bytes wide";
  }
  return first;
}

void expect_equal(const std::string& bytes, const std::string& name, int parts) {
  const Image expected = test::libjpeg_decode(bytes);
  ASSERT_GT(expected.width, 0) << name;
  RandomStream random(5, Purpose::kSplit);
  const auto below = [&](int n) { return static_cast<int>(random.below(static_cast<uint32_t>(n))); };
  for (int i = 0; i <= parts; ++i) {
    Box box{0, 0, expected.width, expected.height};
    if (i > 0) {
      box.width = 1 + below(expected.width), box.height = 1 + below(expected.height);
      box.left = below(expected.width - box.width + 1), box.top = below(expected.height - box.height + 1);
    }
    const std::optional<Image> actual = decode_part(bytes, box);
    ASSERT_TRUE(actual) << name;
    for (int y = 0; y < box.height; ++y) {
      const uint8_t* row = expected.row(box.top + y) + 3 * box.left;
      ASSERT_TRUE(std::equal(row, row + 3 * box.width, actual->row(y)))
          << name << ", part " << box.left << " " << box.top << " " << box.width << " x " << box.height << ", row "
          << y;
    }
  }
}

TEST(BaselineJpeg, GivesLibjpegsPixels) {
  for (const auto& [across, down] : {std::pair{1, 1}, {2, 1}, {2, 2}}) {
    for (const int quality : {5, 50, 90, 100}) {
      for (const auto& [width, height] :
           {std::pair{8, 8}, {16, 16}, {17, 33}, {97, 61}, {130, 5}, {5, 130}, {64, 48}}) {
        for (const uint32_t noise : {0U, 40U, 255U}) {
          JpegKind kind{.quality = quality, .across = across, .down = down, .best_codes = noise == 40};
          const std::string name = std::to_string(across) + " x " + std::to_string(down) + ", quality " +
                                   std::to_string(quality) + ", " + std::to_string(width) + " x " +
                                   std::to_string(height) + ", noise " + std::to_string(noise);
          expect_equal(test::libjpeg_encode(picture(width, height, noise, 1), kind), name, 6);
        }
      }
    }
  }
}

TEST(BaselineJpeg, ReadsGrayPictures) {
  expect_equal(test::libjpeg_encode(picture(75, 50, 60, 2), {.quality = 80, .gray = true}), "gray", 10);
  // A gray picture may claim any sampling: alone in its scan it comes block by block.
  expect_equal(test::libjpeg_encode(picture(75, 50, 60, 2), {.across = 2, .down = 2, .gray = true}), "gray, 2 x 2", 10);
}

TEST(BaselineJpeg, StartsAnewAtRestartMarkers) {
  const Image image = picture(150, 90, 60, 3);
  for (const int down : {1, 2}) {
    expect_equal(test::libjpeg_encode(image, {.across = down, .down = down, .restart_rows = 1}), "a row", 8);
    expect_equal(test::libjpeg_encode(image, {.across = down, .down = down, .restart_units = 1}), "a unit", 8);
    expect_equal(test::libjpeg_encode(image, {.across = down, .down = down, .restart_units = 7}), "seven units", 8);
  }
  // One that is out of turn is damage.
  std::string bytes = test::libjpeg_encode(image, {.restart_rows = 1});
  const size_t third = bytes.find("\xFF\xD2");
  ASSERT_NE(third, std::string::npos);
  bytes[third + 1] = '\xD5';
  EXPECT_FALSE(decode_part(bytes, {0, 0, 150, 90}));
  EXPECT_TRUE(decode_part(bytes, {0, 0, 150, 16})) << "damage below the part is not noticed";
}

TEST(BaselineJpeg, LeavesOtherKindsAlone) {
  const Image image = picture(40, 30, 20, 4);
  EXPECT_TRUE(read_baseline_header(test::libjpeg_encode(image, {})));
  EXPECT_FALSE(read_baseline_header(test::libjpeg_encode(image, {.progressive = true})));
  EXPECT_FALSE(read_baseline_header(test::libjpeg_encode(image, {.across = 1, .down = 2})));
  EXPECT_FALSE(read_baseline_header(test::libjpeg_encode(image, {.across = 4, .down = 1})));
  EXPECT_FALSE(read_baseline_header(read_file(test::fixture("cmyk.jpg"))));
  EXPECT_FALSE(read_baseline_header(read_file(test::fixture("rgb.png"))));
  EXPECT_FALSE(read_baseline_header(""));
  // Two samples of colour a row are not smoothed by libjpeg: such strips are left to it.
  EXPECT_FALSE(decode_part(test::libjpeg_encode(picture(4, 30, 20, 4), {.across = 2, .down = 2}), {0, 0, 4, 30}));
}

// Where damage makes coefficients overflow, libjpeg's pixels depend on the processor that its vector code is for. Ours
// are those of x86-64.
#ifdef __x86_64__
constexpr bool kLibjpegOverflowsAlike = true;
#else
constexpr bool kLibjpegOverflowsAlike = false;
#endif

// Whatever is cut off or changed: the same pixels as libjpeg's, which had nothing to warn of, or a refusal.
TEST(BaselineJpeg, NeverTakesDamageForAPicture) {
  for (const int side : {1, 2}) {
    const std::string good =
        test::libjpeg_encode(picture(60, 44, 90, 6), {.across = side, .down = side, .restart_rows = 2});
    int refused = 0;
    const auto check = [&](const std::string& bytes, size_t at) {
      const auto header = read_baseline_header(bytes);
      const std::optional<Image> actual =
          header ? decode_part(bytes, {0, 0, header->width, header->height}) : std::nullopt;
      const Image expected = test::libjpeg_decode(bytes);
      refused += !actual;
      if (!actual || expected.width == 0) return;
      EXPECT_EQ(actual->pixels.size(), expected.pixels.size()) << "changed at " << at;
      if (kLibjpegOverflowsAlike) {
        EXPECT_TRUE(test::same_bytes(actual->pixels, expected.pixels)) << "changed at " << at;
      }
    };
    for (size_t at = 2; at < good.size(); at += 3) {
      check(good.substr(0, at), at);
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
      check(bad, at);
    }
    EXPECT_GT(refused, static_cast<int>(good.size() / 3)) << "at the least, what was cut off";
  }
}

}  // namespace
}  // namespace directclr::image
