#include "directclr/image/facts.h"

#include "directclr/core/error.h"
#include "directclr/image/exif.h"
#include "directclr/image/readers.h"

namespace directclr::image {
namespace {

// Precision and number of components, from the frame's header.
void read_jpeg_facts(std::string_view bytes, Facts& facts) {
  for (size_t at = 2; at + 10 <= bytes.size() && bytes[at] == '\xFF';) {
    const auto marker = static_cast<uint8_t>(bytes[at + 1]);
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame) {
      facts.bits = static_cast<uint8_t>(bytes[at + 4]);
      facts.cmyk = bytes[at + 9] == 4;
      return;
    }
    if (marker == 0xDA) return;
    at += 2 + (size_t{static_cast<uint8_t>(bytes[at + 2])} << 8 | static_cast<uint8_t>(bytes[at + 3]));
  }
}

// Whether the chunk that says so stands before the pixels of a PNG, and says that there is more than one frame.
bool is_animated_png(std::string_view bytes) {
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    for (const char c : bytes.substr(at, 4)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  };
  for (size_t at = 8; at + 12 <= bytes.size(); at += size_t{12} + number(at)) {
    const std::string_view kind = bytes.substr(at + 4, 4);
    if (kind == "acTL") return number(at + 8) > 1;
    if (kind == "IDAT") return false;
  }
  return false;
}

}  // namespace

Facts read_facts(std::string_view bytes, const std::string& where) {
  Facts facts;
  facts.size = read_size(bytes, where);  // throws for what is no picture
  facts.format = format_of(bytes);
  facts.orientation = exif_orientation(bytes);
  const std::string& name = facts.format->name;
  if (name == "JPEG") read_jpeg_facts(bytes, facts);
  if (name == "PNG" && bytes.size() > 24) {
    facts.bits = static_cast<uint8_t>(bytes[24]);
    facts.animated = is_animated_png(bytes);
  }
  if (name == "WebP" && bytes.size() > 20) facts.animated = bytes.substr(12, 4) == "VP8X" && (bytes[20] & 2) != 0;
  if (name == "GIF") facts.animated = is_animated_gif(bytes);
  if (name == "TIFF") {
    const TiffLayout layout = read_tiff_layout(bytes, where);
    facts.bits = layout.bits;
    facts.cmyk = layout.cmyk;
    facts.paged = layout.paged;
  }
  return facts;
}

}  // namespace directclr::image
