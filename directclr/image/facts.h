#pragma once

#include <string>
#include <string_view>

#include "directclr/image/formats.h"

namespace directclr::image {

/// What a picture file says of itself before it is decoded.
struct Facts {
  const Format* format = nullptr;
  Size size;
  int orientation = 1;    ///< exif_orientation()
  int bits = 8;           ///< of a sample, where more than 8 are possible
  bool cmyk = false;      ///< inks: CMYK or YCCK
  bool animated = false;  ///< more than one frame, of which the first is read
  bool paged = false;     ///< a TIFF of more than one page, of which the first is read
};

/// Throws InputError(`where`) as decode() does, but for damage that only decoding finds.
Facts read_facts(std::string_view bytes, const std::string& where);

}  // namespace directclr::image
