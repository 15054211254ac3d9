#include "directclr/image/color.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "directclr/core/dispatch.h"

namespace directclr::image {
namespace {

// (19595 R + 38470 G + 7471 B + 0x8000) >> 16: ITU-R 601-2 in 16-bit fixed point.
inline int luminance(int r, int g, int b) { return (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16; }

// Image.blend: inside [0, 1] the cast cannot overflow, outside it is clamped; both truncate. A factor of 1 gives x
// exactly, one of 0 gives `ground` exactly, as Pillow's early exits do.
inline uint8_t blend(int ground, int x, float factor) {
  const float value = static_cast<float>(ground) + factor * static_cast<float>(x - ground);
  return static_cast<uint8_t>(value <= 0 ? 0.0F : value >= 255 ? 255.0F : value);
}

DIRECTCLR_CLONES void blend_constant(uint8_t* values, size_t count, int ground, float factor) {
  std::array<uint8_t, 256> table;
  for (int v = 0; v < 256; ++v) table[static_cast<size_t>(v)] = blend(ground, v, factor);
  for (size_t i = 0; i < count; ++i) values[i] = table[values[i]];
}

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

DIRECTCLR_CLONES void saturate(uint8_t* __restrict r, uint8_t* __restrict g, uint8_t* __restrict b, size_t count,
                               float factor) {
  for (size_t i = 0; i < count; ++i) {
    const int gray = luminance(r[i], g[i], b[i]);
    r[i] = blend(gray, r[i], factor);
    g[i] = blend(gray, g[i], factor);
    b[i] = blend(gray, b[i], factor);
  }
}

DIRECTCLR_CLONES void gray_planes(uint8_t* __restrict r, uint8_t* __restrict g, uint8_t* __restrict b, size_t count) {
  for (size_t i = 0; i < count; ++i) r[i] = g[i] = b[i] = static_cast<uint8_t>(luminance(r[i], g[i], b[i]));
}

struct Hsv {
  uint8_t h, s, v;
};

Hsv rgb_to_hsv(int r, int g, int b) {
  const int top = std::max({r, g, b});
  const int range = top - std::min({r, g, b});
  if (range == 0) return {0, 0, static_cast<uint8_t>(top)};
  const auto cr = static_cast<float>(range);
  const float s = cr / static_cast<float>(top);
  const float rc = static_cast<float>(top - r) / cr;
  const float gc = static_cast<float>(top - g) / cr;
  const float bc = static_cast<float>(top - b) / cr;
  float h = 0;
  if (r == top) {
    h = bc - gc;
  } else if (g == top) {
    h = static_cast<float>(2.0 + rc - bc);
  } else {
    h = static_cast<float>(4.0 + gc - rc);
  }
  // fmod(x, 1) for x in (0, 2) without the call: the subtraction is exact.
  const double turn = h / 6.0 + 1.0;
  h = static_cast<float>(turn >= 1.0 ? turn - 1.0 : turn);
  return {static_cast<uint8_t>(h * 255.0), static_cast<uint8_t>(s * 255.0), static_cast<uint8_t>(top)};
}

// Which sixth of the circle a hue byte lies in, and how far along.
struct HueStep {
  int sector;
  float fraction;
};

std::array<HueStep, 256> make_hue_steps() {
  std::array<HueStep, 256> steps{};
  for (int h = 0; h < 256; ++h) {
    const double turn = static_cast<float>(h) * 6.0 / 255.0;
    const int sector = static_cast<int>(std::floor(turn));
    steps[static_cast<size_t>(h)] = {sector % 6, static_cast<float>(turn - static_cast<float>(sector))};
  }
  return steps;
}

inline uint8_t rounded(double value) { return static_cast<uint8_t>(value + 0.5); }  // C round() for values >= 0

}  // namespace

void adjust_brightness(Planes& image, float factor) {
  blend_constant(image.pixels.data(), image.pixels.size(), 0, factor);
}

void adjust_contrast(Planes& image, float factor) {
  const size_t count = image.plane_size();
  const int64_t sum = luminance_sum(image.plane(0), image.plane(1), image.plane(2), count);
  const int mean = static_cast<int>(static_cast<double>(sum) / static_cast<double>(count) + 0.5);
  blend_constant(image.pixels.data(), image.pixels.size(), mean, factor);
}

void adjust_saturation(Planes& image, float factor) {
  saturate(image.plane(0), image.plane(1), image.plane(2), image.plane_size(), factor);
}

void adjust_hue(Planes& image, double shift) {
  static const std::array<HueStep, 256> kSteps = make_hue_steps();
  const auto turn = static_cast<uint8_t>(static_cast<int32_t>(shift * 255));
  uint8_t* r = image.plane(0);
  uint8_t* g = image.plane(1);
  uint8_t* b = image.plane(2);
  for (size_t i = 0; i < image.plane_size(); ++i) {
    const Hsv hsv = rgb_to_hsv(r[i], g[i], b[i]);
    if (hsv.s == 0) {
      r[i] = g[i] = b[i] = hsv.v;
      continue;
    }
    const HueStep step = kSteps[static_cast<uint8_t>(hsv.h + turn)];
    const float fs = static_cast<float>(hsv.s) / 255.0F;
    const double v = hsv.v;
    const uint8_t p = rounded(v * (1.0 - fs));
    const uint8_t q = rounded(v * (1.0 - fs * step.fraction));
    const uint8_t t = rounded(v * (1.0 - fs * (1.0 - step.fraction)));
    switch (step.sector) {
      case 0: r[i] = hsv.v, g[i] = t, b[i] = p; break;
      case 1: r[i] = q, g[i] = hsv.v, b[i] = p; break;
      case 2: r[i] = p, g[i] = hsv.v, b[i] = t; break;
      case 3: r[i] = p, g[i] = q, b[i] = hsv.v; break;
      case 4: r[i] = t, g[i] = p, b[i] = hsv.v; break;
      default: r[i] = hsv.v, g[i] = p, b[i] = q; break;
    }
  }
}

void to_grayscale(Planes& image) { gray_planes(image.plane(0), image.plane(1), image.plane(2), image.plane_size()); }

void solarize(Planes& image, int threshold) {
  for (uint8_t& v : image.pixels) v = v < threshold ? v : static_cast<uint8_t>(255 - v);
}

}  // namespace directclr::image
