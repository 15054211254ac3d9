// Fixed work for the instruction counts of bench/instructions: one operation of the data path, so many times.
//
//   directclr_instructions OPERATION TIMES
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "directclr/core/philox.h"
#include "directclr/data/views.h"
#include "directclr/image/blur.h"
#include "directclr/image/color.h"
#include "directclr/image/decode.h"
#include "directclr/image/encode.h"
#include "directclr/image/resize.h"

namespace {

using namespace directclr;

// A smooth picture with some noise, as photographs are.
image::Image picture(int width, int height) {
  image::Image result(width, height);
  RandomStream random(1, Purpose::kSplit);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        result.row(y)[3 * x + c] =
            static_cast<uint8_t>((x + 2 * y * (c + 1)) / 4 % 200 + static_cast<int>(random.below(40)));
      }
    }
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  const image::Image photograph = picture(500, 375), small = picture(32, 32);
  const std::string jpeg = image::encode_jpeg(photograph, 90);
  image::Planes planes;
  image::crop_resize(photograph, {0, 0, 500, 375}, 224, 224, image::Filter::kBicubic, planes);
  const image::Planes view = planes;
  image::Region region;
  const auto two_views = [&](const char* preset, const image::Image& image) {
    data::AugmentSettings settings;
    settings.apply_preset(preset);
    const data::NormalizeTable table(settings.normalization());
    std::vector<float> out(static_cast<size_t>(settings.image_size * settings.image_size * 3));
    return [=, &image, &planes](uint64_t i) mutable {
      for (uint8_t k = 0; k < 2; ++k) {
        data::render_view(image, data::sample_view(settings, 1, 0, i, k, image.width, image.height), settings, planes);
        table.write(planes, data::PixelFormat::kFloat32, out.data());
      }
    };
  };
  const std::map<std::string, std::function<void(uint64_t)>> operations = {
      {"nothing", [](uint64_t) {}},
      {"resize",
       [&](uint64_t) {
         image::crop_resize(photograph, {30, 30, 400, 300}, 224, 224, image::Filter::kBicubic, planes);
       }},
      {"brightness", [&](uint64_t) { planes = view, image::adjust_brightness(planes, 1.01F); }},
      {"contrast", [&](uint64_t) { planes = view, image::adjust_contrast(planes, 1.01F); }},
      {"saturation", [&](uint64_t) { planes = view, image::adjust_saturation(planes, 1.01F); }},
      {"hue", [&](uint64_t) { planes = view, image::adjust_hue(planes, 0.05); }},
      {"grayscale", [&](uint64_t) { planes = view, image::to_grayscale(planes); }},
      {"blur", [&](uint64_t) { planes = view, image::gaussian_blur(planes, 1.3); }},
      {"solarize", [&](uint64_t) { planes = view, image::solarize(planes); }},
      {"decode", [&](uint64_t) { image::decode(jpeg, "picture"); }},
      {"decode-part",
       [&](uint64_t) {
         image::decode_region(
             jpeg, "picture",
             [](image::Size) {
               return image::Box{100, 60, 300, 220};
             },
             region);
       }},
      {"two-views-imagenet", two_views("imagenet", photograph)},
      {"two-views-cifar", two_views("cifar", small)},
  };
  const auto chosen = argc == 3 ? operations.find(argv[1]) : operations.end();
  if (chosen == operations.end()) {
    for (const auto& [name, run] : operations) std::puts(name.c_str());
    return 2;
  }
  const uint64_t times = std::strtoull(argv[2], nullptr, 10);
  for (uint64_t i = 0; i < times; ++i) chosen->second(i);
}
