// Resize, colour and blur against Pillow and torchvision: every byte must be equal.
#include <gtest/gtest.h>
#include <zlib.h>

#include "directclr/image/blur.h"
#include "directclr/image/color.h"
#include "directclr/image/resize.h"
#include "tests/support/golden.h"

namespace directclr::image {
namespace {

TEST(ImageOperations, EqualPillowByteForByte) {
  const test::Golden golden("operations");
  ASSERT_GE(golden.cases.size(), 140U);
  for (const auto& c : golden.cases) {
    const auto operation = c.at("operation").get<std::string>();
    const Image input = golden.image(c.at("in").get<std::string>());
    const Image expected = golden.image(c.at("out").get<std::string>());
    Planes planes = test::to_planes(input);
    const double factor = c.value("factor", 0.0);
    if (operation == "resize") {
      const auto box = c.at("box").get<std::vector<int>>(), size = c.at("size").get<std::vector<int>>();
      crop_resize(input, {box[0], box[1], box[2], box[3]}, size[0], size[1],
                  c.at("filter") == "bicubic" ? Filter::kBicubic : Filter::kBilinear, planes);
    } else if (operation == "brightness") {
      adjust_brightness(planes, static_cast<float>(factor));
    } else if (operation == "contrast") {
      adjust_contrast(planes, static_cast<float>(factor));
    } else if (operation == "saturation") {
      adjust_saturation(planes, static_cast<float>(factor));
    } else if (operation == "hue") {
      adjust_hue(planes, factor);
    } else if (operation == "blur") {
      gaussian_blur(planes, factor);
    } else if (operation == "grayscale") {
      to_grayscale(planes);
    } else {
      ASSERT_EQ(operation, "solarize");
      solarize(planes);
    }
    EXPECT_TRUE(test::same_bytes(test::to_image(planes).pixels, expected.pixels)) << c.dump();
  }
}

TEST(ImageOperations, EqualPillowOnAllColours) {
  Planes colours(4096, 4096);
  uint8_t *const red = colours.plane(0), *const green = colours.plane(1), *const blue = colours.plane(2);
  for (uint32_t i = 0; i < 1U << 24; ++i) {
    red[i] = static_cast<uint8_t>(i >> 16);
    green[i] = static_cast<uint8_t>(i >> 8);
    blue[i] = static_cast<uint8_t>(i);
  }
  const test::Golden golden("exhaustive");
  for (const auto& c : golden.cases) {
    Planes planes = colours;
    const auto operation = c.at("operation").get<std::string>();
    if (operation == "grayscale") to_grayscale(planes);
    if (operation == "hue") adjust_hue(planes, c.at("factor").get<double>());
    if (operation == "saturation") adjust_saturation(planes, c.at("factor").get<float>());
    const Image result = test::to_image(planes);
    const auto crc =
        static_cast<uint32_t>(::crc32(0, result.pixels.data(), static_cast<unsigned>(result.pixels.size())));
    EXPECT_EQ(crc, c.at("crc32").get<uint32_t>()) << c.dump();
  }
}

TEST(CropResize, RefusesABoxOutsideTheImage) {
  const Image picture(10, 10);
  Planes out;
  EXPECT_THROW(crop_resize(picture, {5, 5, 6, 2}, 4, 4, Filter::kBicubic, out), std::invalid_argument);
  EXPECT_THROW(crop_resize(picture, {-1, 0, 4, 4}, 4, 4, Filter::kBicubic, out), std::invalid_argument);
  EXPECT_THROW(crop_resize(picture, {0, 0, 0, 4}, 4, 4, Filter::kBicubic, out), std::invalid_argument);
}

TEST(CropResize, KeepsAConstantImageConstant) {
  Image picture(19, 23);
  std::fill(picture.pixels.begin(), picture.pixels.end(), uint8_t{201});
  Planes out;
  for (const int side : {1, 7, 23, 50}) {
    crop_resize(picture, {0, 0, 19, 23}, side, side, Filter::kBicubic, out);
    for (const uint8_t value : out.pixels) ASSERT_EQ(value, 201) << side;
  }
}

}  // namespace
}  // namespace directclr::image
