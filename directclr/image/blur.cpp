#include "directclr/image/blur.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "directclr/image/kernels.h"

namespace directclr::image {
namespace {

constexpr int kPasses = 3;

// Whether what a lost unit of weight takes away, 2^24 - inner - 2 outer a value, shows for no bytes.
bool differences_suffice(const BoxFilter& box) {
  const uint32_t lost = (1U << 24) - box.inner - 2 * box.outer;
  if (box.radius > 0 || lost > 1) return false;
  if (lost == 0) return true;
  for (int difference = -2 * 255; difference <= 2 * 255; ++difference) {
    const uint32_t sum = static_cast<uint32_t>(difference) * box.outer + (1U << 23);
    if ((sum & 0xFFFFFF) < 255) return false;
  }
  return true;
}

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
  box.inner = static_cast<uint32_t>((1 << 24) / (radius * 2 + 1));
  box.outer = ((1 << 24) - static_cast<uint32_t>(box.radius * 2 + 1) * box.inner) / 2;
  box.by_difference = differences_suffice(box);
  return box;
}

// Blocks are small enough to stay in the nearest cache over all passes, and large enough for a pass not to wait for
// what the one before has just written.
constexpr size_t kRowsAtOnce = 16, kColumnsAtOnce = 32;

// The work space of a thread: two blocks of values with room for replicated edges around.
struct Blocks {
  uint8_t *from, *to;
};
Blocks blocks_of(size_t size) {
  thread_local std::vector<uint8_t> memory;
  if (memory.size() < 2 * size) memory.resize(2 * size);
  return {memory.data(), memory.data() + size};
}

// Along x. Rows lie side by side, each with its edges; a pass runs over all of them, and over the edges, in one.
void blur_rows(uint8_t* plane, size_t width, size_t height, const BoxFilter& box) {
  const size_t reach = static_cast<size_t>(box.radius) + 1, padded = width + 2 * reach;
  auto [from, to] = blocks_of(kRowsAtOnce * padded);
  for (size_t y = 0; y < height; y += kRowsAtOnce) {
    const size_t rows = std::min(kRowsAtOnce, height - y);
    for (size_t r = 0; r < rows; ++r) std::memcpy(from + r * padded + reach, plane + (y + r) * width, width);
    for (int pass = 0; pass < kPasses; ++pass) {
      for (uint8_t* row = from + reach; row < from + rows * padded; row += padded) {
        for (size_t k = 0; k < reach; ++k) {
          *(row - 1 - k) = row[0];
          row[width + k] = row[width - 1];
        }
      }
      kernels().blur(from + reach, to + reach, rows * padded - 2 * reach, 1, box);
      std::swap(from, to);
    }
    for (size_t r = 0; r < rows; ++r) std::memcpy(plane + (y + r) * width, from + r * padded + reach, width);
  }
}

// Along y: kWidth columns of a plane whose rows are `stride` long, as rows of their own; 0: `width` of them.
template <size_t kWidth>
void blur_strip(uint8_t* plane, size_t width, size_t stride, size_t height, const BoxFilter& box) {
  const size_t reach = static_cast<size_t>(box.radius) + 1, columns = kWidth > 0 ? kWidth : width;
  const size_t first = reach * columns, end = first + height * columns;
  auto [from, to] = blocks_of(end + first);
  for (size_t y = 0; y < height; ++y) std::memcpy(from + first + y * columns, plane + y * stride, columns);
  for (int pass = 0; pass < kPasses; ++pass) {
    for (size_t k = 0; k < reach; ++k) {
      std::memcpy(from + k * columns, from + first, columns);
      std::memcpy(from + end + k * columns, from + end - columns, columns);
    }
    kernels().blur(from + first, to + first, height * columns, static_cast<ptrdiff_t>(columns), box);
    std::swap(from, to);
  }
  for (size_t y = 0; y < height; ++y) std::memcpy(plane + y * stride, from + first + y * columns, columns);
}

}  // namespace

void gaussian_blur(Planes& image, double sigma) {
  if (!(sigma >= 0)) throw std::invalid_argument("[gaussian_blur] expected sigma >= 0");
  if (sigma == 0) return;
  const BoxFilter box = box_for(static_cast<float>(sigma));
  const auto width = static_cast<size_t>(image.width), height = static_cast<size_t>(image.height);
  for (int c = 0; c < 3; ++c) {
    uint8_t* const plane = image.plane(c);
    blur_rows(plane, width, height, box);
    size_t x = 0;
    for (; x + kColumnsAtOnce <= width; x += kColumnsAtOnce) {
      blur_strip<kColumnsAtOnce>(plane + x, kColumnsAtOnce, width, height, box);
    }
    if (x < width) blur_strip<0>(plane + x, width - x, width, height, box);
  }
}

}  // namespace directclr::image
