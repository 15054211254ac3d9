#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "directclr/image/image.h"

namespace directclr::image {

/// Decodes a picture file, told apart by its first bytes and not by its name (formats.h), to the RGB that Pillow's
/// `Image.open(f).convert("RGB")` gives: JPEG with the slow integer DCT and smooth chroma upsampling; gray, CMYK and
/// YCCK converted; alpha dropped; palettes expanded; of animations the first frame; of a TIFF the first picture, turned
/// as its orientation says. Samples of 16 bits keep the high byte (Pillow does so for colour; 16-bit gray it clips at
/// 255, which turns such pictures white, so there we differ on purpose). EXIF orientation of other files is ignored,
/// as torchvision does, unless `upright`: then the picture is turned as exif_transpose() turns it. Throws
/// InputError(`where`, reason) when the bytes are no picture, of a kind that is not read, damaged, truncated, or of
/// more than 2^28 pixels.
Image decode(std::string_view bytes, const std::string& where, bool upright = false);

/// Width and height of a picture.
struct Size {
  int width = 0;
  int height = 0;
};
/// The size from the header alone, without decoding and as stored. Throws InputError as decode() does.
Size read_size(std::string_view bytes, const std::string& where);

/// A part of a picture.
struct Region {
  Image image;  ///< the pixels of `box`; outside the part that was asked for they may differ from the picture's
  Box box;      ///< where they lie in the whole
  Size whole;
};

/// Decodes the part of a picture that `choose` names once the size is known, or more: its pixels are those that
/// decode() gives. Of a sequential JPEG rows above and below and blocks to the sides are left out, so damage below the
/// part is not noticed; other pictures, those that `upright` turns, and of rarer JPEGs small files, where it does not
/// pay, are decoded whole.
void decode_region(std::string_view bytes, const std::string& where, const std::function<Box(Size)>& choose,
                   Region& region, bool upright = false);

}  // namespace directclr::image
