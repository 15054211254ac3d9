#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "directclr/core/tar.h"
#include "directclr/data/read_settings.h"
#include "directclr/data/reading.h"

namespace directclr::data {

/// A sample of an archive: files that share a name up to the first dot behind the last slash, wherever they stand.
struct ShardSample {
  TarEntry image;
  bool labelled = false;
  std::string label;  ///< as it stands there, without blanks around it
};

/// The samples of an archive that have an image, in the order of their first files. The image is KEY.IMAGE_KEY, or the
/// one whose suffix is a picture's: KEY.jpg before KEY.input.jpg. The label is the text of KEY.cls, or of
/// KEY.LABEL_KEY, or the field LABEL_KEY of KEY.json. Hidden files, samples without an image, and members of a name
/// that comes again (the last counts) are left out, and told to `left_out`. Throws InputError(`where`) for a sample
/// with two images, and for a damaged KEY.json.
std::vector<ShardSample> samples_of(std::string_view archive, const std::vector<TarEntry>& entries,
                                    const ReadSettings& reading, const std::string& where, Reading& left_out);

}  // namespace directclr::data
