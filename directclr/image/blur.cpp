#include "directclr/image/blur.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "directclr/core/dispatch.h"

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

// out[i] from in[i - radius - 1 .. i + radius + 1] for `count` outputs whose neighbours `stride` apart all exist.
DIRECTCLR_CLONES void blur_run(const uint8_t* in, uint8_t* out, ptrdiff_t count, ptrdiff_t stride, BoxFilter box) {
  const ptrdiff_t reach = box.radius + 1;
  for (ptrdiff_t i = 0; i < count; ++i) {
    uint32_t inner = in[i];
    for (ptrdiff_t k = 1; k < reach; ++k) inner += uint32_t{in[i - k * stride]} + in[i + k * stride];
    const uint32_t outer = uint32_t{in[i - reach * stride]} + in[i + reach * stride];
    out[i] = static_cast<uint8_t>((inner * box.inner_weight + outer * box.outer_weight + (1U << 23)) >> 24);
  }
}

// Padding by replication on both sides turns every pass into one uniform run over the plane's rows.
void blur_rows(uint8_t* plane, int width, int height, BoxFilter box, std::vector<uint8_t>& padded) {
  const auto reach = static_cast<size_t>(box.radius + 1);
  const auto length = static_cast<size_t>(width);
  padded.resize(length + 2 * reach);
  for (int y = 0; y < height; ++y) {
    uint8_t* row = plane + static_cast<ptrdiff_t>(y) * width;
    for (int pass = 0; pass < kPasses; ++pass) {
      std::fill_n(padded.begin(), reach, row[0]);
      std::copy_n(row, length, padded.begin() + static_cast<ptrdiff_t>(reach));
      std::fill_n(padded.begin() + static_cast<ptrdiff_t>(reach + length), reach, row[length - 1]);
      blur_run(padded.data() + reach, row, width, 1, box);
    }
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
    blur_run(padded.data() + reach * row, plane, static_cast<ptrdiff_t>(size), width, box);
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
