#pragma once

#include "directclr/image/image.h"

namespace directclr::image {

/// Pillow's ImageFilter.GaussianBlur(sigma), byte for byte: three box blurs of fractional radius along x, then three
/// along y, each rounded to bytes, edges replicated. Not a true Gaussian: for small sigma the rounding eats most of it.
/// Requires sigma >= 0; 0 changes nothing.
void gaussian_blur(Planes& image, double sigma);

}  // namespace directclr::image
