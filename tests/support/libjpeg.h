#pragma once

#include <string>

#include "directclr/image/image.h"

namespace directclr::test {

/// How a picture is to be written as a JPEG.
struct JpegKind {
  int quality = 90;
  int across = 1, down = 1;  // luminance samples for one of colour
  bool gray = false;
  bool best_codes = false;  // Huffman tables of the picture's own
  int restart_rows = 0;     // rows of units between restart markers
  int restart_units = 0;    // or units
  bool progressive = false;
};

/// By libjpeg, the oracle: what any other program would write and see.
std::string libjpeg_encode(const image::Image& picture, const JpegKind& kind);
/// Nothing where libjpeg gives up or warns of damage.
image::Image libjpeg_decode(const std::string& bytes);

}  // namespace directclr::test
