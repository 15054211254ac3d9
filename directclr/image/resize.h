#pragma once

#include "directclr/image/image.h"

namespace directclr::image {

enum class Filter { kBilinear, kBicubic };

/// Crops and resizes, with every byte equal to Pillow's `image.crop(box).resize((width, height), filter)`: antialiased,
/// bicubic a = -0.5, the window clamped at the *crop's* edges, weights rounded to 22 bits, each pass rounded to bytes,
/// a pass left out when its axis already has the right length. The horizontal pass comes first, except where the
/// vertical one removes more than twice as many rows as the horizontal one would remove columns (Pillow 13). Requires:
/// box inside the image, box sides, width and height >= 1. `out` is resized; its memory is reused.
void crop_resize(const Image& image, const Box& box, int width, int height, Filter filter, Planes& out);

}  // namespace directclr::image
