#include "directclr/image/color.h"

#include <algorithm>

#include "directclr/core/dispatch.h"
#include "directclr/image/kernels.h"

namespace directclr::image {
namespace {

// (19595 R + 38470 G + 7471 B + 0x8000) >> 16: ITU-R 601-2 in 16-bit fixed point.
inline int luminance(int r, int g, int b) { return (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16; }

DIRECTCLR_CLONES int64_t luminance_sum(const uint8_t* r, const uint8_t* g, const uint8_t* b, size_t count) {
  int64_t total = 0;
  // 2^16 luminances fit 32 bits; short sums keep the inner loop narrow.
  for (size_t begin = 0; begin < count; begin += 65536) {
    const size_t end = std::min(count, begin + 65536);
    int32_t sum = 0;
    for (size_t i = begin; i < end; ++i) sum += luminance(r[i], g[i], b[i]);
    total += sum;
  }
  return total;
}

DIRECTCLR_CLONES void gray_planes(uint8_t* __restrict r, uint8_t* __restrict g, uint8_t* __restrict b, size_t count) {
  for (size_t i = 0; i < count; ++i) r[i] = g[i] = b[i] = static_cast<uint8_t>(luminance(r[i], g[i], b[i]));
}

}  // namespace

// A factor of 1 gives x exactly, one of 0 gives `ground` exactly, as Pillow's early exits do.
void adjust_brightness(Planes& image, float factor) {
  kernels().blend(image.pixels.data(), image.pixels.size(), 0, factor);
}

void adjust_contrast(Planes& image, float factor) {
  const size_t count = image.plane_size();
  const int64_t sum = luminance_sum(image.plane(0), image.plane(1), image.plane(2), count);
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

void to_grayscale(Planes& image) { gray_planes(image.plane(0), image.plane(1), image.plane(2), image.plane_size()); }

void solarize(Planes& image, int threshold) {
  for (uint8_t& v : image.pixels) v = v < threshold ? v : static_cast<uint8_t>(255 - v);
}

}  // namespace directclr::image
