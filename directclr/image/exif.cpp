#include "directclr/image/exif.h"

#include <cstdint>

namespace directclr::image {
namespace {

using std::string_view_literals::operator""sv;

// A number of `count` bytes; false past the end.
bool number_at(std::string_view bytes, size_t at, size_t count, bool little, uint32_t& value) {
  if (at > bytes.size() || bytes.size() - at < count) return false;
  value = 0;
  for (size_t i = 0; i < count; ++i) {
    value = value << 8 | static_cast<uint8_t>(bytes[at + (little ? count - 1 - i : i)]);
  }
  return true;
}

// In EXIF data, which are a small TIFF without pixels: the entry 0x0112 of the first directory.
int orientation_of(std::string_view tiff) {
  const bool little = tiff.starts_with("II"sv);
  uint32_t directory = 0, entries = 0;
  if ((!little && !tiff.starts_with("MM"sv)) || !number_at(tiff, 4, 4, little, directory) ||
      !number_at(tiff, directory, 2, little, entries)) {
    return 1;
  }
  for (size_t i = 0; i < entries; ++i) {
    const size_t at = size_t{directory} + 2 + 12 * i;
    uint32_t tag = 0, type = 0, value = 0;
    if (!number_at(tiff, at, 2, little, tag)) return 1;
    if (tag != 0x0112) continue;
    if (!number_at(tiff, at + 2, 2, little, type) || !number_at(tiff, at + 8, type == 4 ? 4 : 2, little, value))
      return 1;
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

std::string_view without_prefix(std::string_view bytes, std::string_view prefix) {
  return bytes.starts_with(prefix) ? bytes.substr(prefix.size()) : bytes;
}

// Segments of a JPEG up to its pixels.
std::string_view exif_of_jpeg(std::string_view bytes) {
  for (size_t at = 2; at + 4 <= bytes.size() && bytes[at] == '\xFF';) {
    const auto marker = static_cast<uint8_t>(bytes[at + 1]);
    if (marker == 0xFF) {  // fill
      ++at;
      continue;
    }
    uint32_t length = 0;
    number_at(bytes, at + 2, 2, false, length);
    if (marker == 0xDA || length < 2) break;
    const std::string_view segment = bytes.substr(at + 4).substr(0, length - 2);
    if (marker == 0xE1 && segment.starts_with("Exif\0\0"sv)) return segment.substr(6);
    at += 2 + size_t{length};
  }
  return {};
}

std::string_view exif_of_png(std::string_view bytes) {
  for (size_t at = 8; at + 12 <= bytes.size();) {
    uint32_t length = 0;
    number_at(bytes, at, 4, false, length);
    const std::string_view type = bytes.substr(at + 4, 4);
    if (type == "eXIf") return without_prefix(bytes.substr(at + 8).substr(0, length), "Exif\0\0"sv);
    if (type == "IEND") break;
    at += 12 + size_t{length};
  }
  return {};
}

std::string_view exif_of_webp(std::string_view bytes) {
  for (size_t at = 12; at + 8 <= bytes.size();) {
    uint32_t length = 0;
    number_at(bytes, at + 4, 4, true, length);
    if (bytes.substr(at, 4) == "EXIF") return without_prefix(bytes.substr(at + 8).substr(0, length), "Exif\0\0"sv);
    at += 8 + size_t{length} + length % 2;
  }
  return {};
}

}  // namespace

int exif_orientation(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xD8"sv)) return orientation_of(exif_of_jpeg(bytes));
  if (bytes.starts_with("\x89PNG"sv)) return orientation_of(exif_of_png(bytes));
  if (bytes.starts_with("RIFF"sv)) return orientation_of(exif_of_webp(bytes));
  return 1;
}

void turn_upright(Image& image, int orientation) {
  if (orientation < 2 || orientation > 8) return;
  const int w = image.width, h = image.height;
  const bool sideways = turns_sideways(orientation);
  Image turned(sideways ? h : w, sideways ? w : h);
  for (int y = 0; y < turned.height; ++y) {
    uint8_t* out = turned.row(y);
    for (int x = 0; x < turned.width; ++x, out += 3) {
      int from_x = sideways ? y : x, from_y = sideways ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) from_x = w - 1 - from_x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) from_y = h - 1 - from_y;
      const uint8_t* in = image.row(from_y) + 3 * from_x;
      out[0] = in[0];
      out[1] = in[1];
      out[2] = in[2];
    }
  }
  image = std::move(turned);
}

}  // namespace directclr::image
