#pragma once

// One function a kind of picture, for the table of formats (formats.h), which says what they do. All give the RGB of
// Pillow's `Image.open(f).convert("RGB")`.

#include <cstdint>
#include <string>
#include <string_view>

#include "directclr/image/decode.h"

namespace directclr::image {

Size decode_jpeg(std::string_view bytes, const std::string& where, Image* image);
Size decode_png(std::string_view bytes, const std::string& where, Image* image);
Size decode_webp(std::string_view bytes, const std::string& where, Image* image);
Size decode_bmp(std::string_view bytes, const std::string& where, Image* image);
Size decode_tiff(std::string_view bytes, const std::string& where, Image* image);
Size decode_gif(std::string_view bytes, const std::string& where, Image* image);
Size decode_pnm(std::string_view bytes, const std::string& where, Image* image);

/// Whether a GIF holds more than one frame. Nothing is decoded.
bool is_animated_gif(std::string_view bytes);

/// What a TIFF's first picture is made of.
struct TiffLayout {
  int bits = 0;
  bool cmyk = false;
  bool paged = false;  ///< another picture follows that is no smaller copy and no mask of it
};
TiffLayout read_tiff_layout(std::string_view bytes, const std::string& where);

/// The size as one, once it is known to be at least 1 x 1 and at most 2^28 pixels, so that a hostile header of a few
/// bytes takes no memory. Throws InputError(where) otherwise.
Size checked_size(uint64_t width, uint64_t height, const std::string& where);

/// Pillow's CMYK -> RGB, `width` pixels; `inverted`: 0 is full ink.
void convert_cmyk(const uint8_t* in, uint8_t* out, int width, bool inverted);

}  // namespace directclr::image
