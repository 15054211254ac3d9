#pragma once

#include <string_view>

#include "directclr/image/image.h"

namespace directclr::image {

/// How a camera was held, as a JPEG, PNG or WebP says in its EXIF data (tag 0x0112): 1 .. 8, 1 upright, also without
/// such data or when they are damaged. Of a TIFF always 1: there the orientation is part of the picture, and decode()
/// has applied it.
int exif_orientation(std::string_view bytes);

/// Whether this orientation exchanges width and height.
inline bool turns_sideways(int orientation) { return orientation >= 5 && orientation <= 8; }

/// Turns a picture of this orientation upright; others than 2 .. 8 leave it. Pillow's ImageOps.exif_transpose.
void turn_upright(Image& image, int orientation);

}  // namespace directclr::image
