#include "directclr/image/blur.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "directclr/image/kernels.h"

namespace directclr::image {
namespace {

constexpr int kPasses = 3;

// A box of fractional radius: `inner` = 2R+1 whole pixels and one part of a pixel at each end, in 24-bit fixed point.
struct BoxFilter {
  int radius;
  uint32_t inner_weight;
  uint32_t outer_weight;
};

// The radius whose box, applied kPasses times, has the Gaussian's variance (Gwosdek et al., SSVM 2011), in the float32
// arithmetic of Pillow's C code.
BoxFilter box_for(float sigma) {
  const float variance = sigma * sigma / kPasses;
  const auto length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
  const auto whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
  float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
  part /= 6 * (variance - (whole + 1) * (whole + 1));
  const float radius = whole + part;
  BoxFilter box{};
  box.radius = static_cast<int>(radius);
  box.inner_weight = static_cast<uint32_t>((1 << 24) / (radius * 2 + 1));
  box.outer_weight = ((1 << 24) - static_cast<uint32_t>(box.radius * 2 + 1) * box.inner_weight) / 2;
  return box;
}

// Three passes over one line of `length` values from `row` back into it, `padded` its work space.
void blur_line(uint8_t* row, size_t length, BoxFilter box, uint8_t* padded) {
  const auto reach = static_cast<size_t>(box.radius + 1);
  for (int pass = 0; pass < kPasses; ++pass) {
    std::memset(padded, row[0], reach);
    std::memcpy(padded + reach, row, length);
    std::memset(padded + reach + length, row[length - 1], reach);
    kernels().blur(padded + reach, row, length, 1, box.radius, box.inner_weight, box.outer_weight);
  }
}

// Padding by replication on both sides turns every pass into one uniform run.
void blur_rows(uint8_t* plane, int width, int height, BoxFilter box, std::vector<uint8_t>& padded) {
  padded.resize(static_cast<size_t>(width + 2 * (box.radius + 1)));
  for (int y = 0; y < height; ++y) {
    blur_line(plane + static_cast<ptrdiff_t>(y) * width, static_cast<size_t>(width), box, padded.data());
  }
}

void blur_columns(uint8_t* plane, int width, int height, BoxFilter box, std::vector<uint8_t>& padded) {
  const auto reach = static_cast<size_t>(box.radius + 1);
  const auto row = static_cast<size_t>(width);
  const size_t size = row * static_cast<size_t>(height);
  padded.resize(size + 2 * reach * row);
  for (int pass = 0; pass < kPasses; ++pass) {
    for (size_t k = 0; k < reach; ++k) {
      std::copy_n(plane, row, padded.begin() + static_cast<ptrdiff_t>(k * row));
      std::copy_n(plane + size - row, row, padded.begin() + static_cast<ptrdiff_t>((reach + k) * row + size));
    }
    std::copy_n(plane, size, padded.begin() + static_cast<ptrdiff_t>(reach * row));
    kernels().blur(padded.data() + reach * row, plane, size, width, box.radius, box.inner_weight, box.outer_weight);
  }
}

}  // namespace

void gaussian_blur(Planes& image, double sigma) {
  if (!(sigma >= 0)) throw std::invalid_argument("[gaussian_blur] expected sigma >= 0");
  if (sigma == 0) return;
  const BoxFilter box = box_for(static_cast<float>(sigma));
  thread_local std::vector<uint8_t> padded;
  for (int c = 0; c < 3; ++c) {
    blur_rows(image.plane(c), image.width, image.height, box, padded);
    blur_columns(image.plane(c), image.width, image.height, box, padded);
  }
}

}  // namespace directclr::image
