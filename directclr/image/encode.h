#pragma once

#include <string>

#include "directclr/image/image.h"

namespace directclr::image {

/// The picture as the bytes of a PNG file (8-bit RGB). Requires width, height >= 1.
std::string encode_png(const Image& image);

}  // namespace directclr::image
