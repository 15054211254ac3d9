#pragma once

#include <string>

#include "directclr/image/image.h"

namespace directclr::image {

/// The picture as the bytes of a PNG file (8-bit RGB). Requires width, height >= 1.
std::string encode_png(const Image& image);

/// The picture as a baseline JPEG, chroma not subsampled. Requires: quality 1 .. 100.
std::string encode_jpeg(const Image& image, int quality);

/// The picture as a binary PPM: its bytes behind a short head.
std::string encode_ppm(const Image& image);

}  // namespace directclr::image
