#include "directclr/image/color.h"

#include <algorithm>

#include "directclr/image/kernels.h"

namespace directclr::image {
// A factor of 1 gives x exactly, one of 0 gives `ground` exactly, as Pillow's early exits do.
void adjust_brightness(Planes& image, float factor) {
  kernels().blend(image.pixels.data(), image.pixels.size(), 0, factor);
}

void adjust_contrast(Planes& image, float factor) {
  const size_t count = image.plane_size();
  const int64_t sum = kernels().luminance_sum(image.plane(0), image.plane(1), image.plane(2), count);
  const int mean = static_cast<int>(static_cast<double>(sum) / static_cast<double>(count) + 0.5);
  kernels().blend(image.pixels.data(), image.pixels.size(), mean, factor);
}

void adjust_saturation(Planes& image, float factor) {
  kernels().saturate(image.plane(0), image.plane(1), image.plane(2), image.plane_size(), factor);
}

void adjust_hue(Planes& image, double shift) {
  const auto turn = static_cast<uint8_t>(static_cast<int32_t>(shift * 255));
  kernels().turn_hue(image.plane(0), image.plane(1), image.plane(2), image.plane_size(), turn);
}

void to_grayscale(Planes& image) { kernels().gray(image.plane(0), image.plane(1), image.plane(2), image.plane_size()); }

void solarize(Planes& image, int threshold) {
  if (threshold > 255) return;
  kernels().invert_from(image.pixels.data(), image.pixels.size(), static_cast<uint8_t>(std::max(threshold, 0)));
}

}  // namespace directclr::image
