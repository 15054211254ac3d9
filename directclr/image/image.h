#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace directclr::image {

/// A decoded picture: 8-bit RGB, rows top to bottom, channels interleaved. pixels.size() == height * width * 3.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;  // (height, width, 3)

  Image() = default;
  Image(int w, int h) { resize(w, h); }
  void resize(int w, int h) {
    width = w;
    height = h;
    pixels.resize(static_cast<size_t>(w) * static_cast<size_t>(h) * 3);
  }
  const uint8_t* row(int y) const { return pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 3; }
  uint8_t* row(int y) { return pixels.data() + static_cast<size_t>(y) * static_cast<size_t>(width) * 3; }
};

/// A picture under augmentation: the same bytes with one plane a channel, so that every per-pixel loop runs over
/// neighbouring bytes and the compiler can turn it into vector code.
struct Planes {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;  // (3, height, width)

  Planes() = default;
  Planes(int w, int h) { resize(w, h); }
  void resize(int w, int h) {
    width = w;
    height = h;
    pixels.resize(plane_size() * 3);
  }
  size_t plane_size() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
  uint8_t* plane(int c) { return pixels.data() + plane_size() * static_cast<size_t>(c); }
  const uint8_t* plane(int c) const { return pixels.data() + plane_size() * static_cast<size_t>(c); }
};

/// A rectangle of pixels inside a picture.
struct Box {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
  bool operator==(const Box&) const = default;
};

/// The smallest rectangle around two.
inline Box around(const Box& a, const Box& b) {
  const int left = a.left < b.left ? a.left : b.left, top = a.top < b.top ? a.top : b.top;
  const int a_right = a.left + a.width, b_right = b.left + b.width;
  const int a_bottom = a.top + a.height, b_bottom = b.top + b.height;
  return {left, top, (a_right > b_right ? a_right : b_right) - left, (a_bottom > b_bottom ? a_bottom : b_bottom) - top};
}

}  // namespace directclr::image
