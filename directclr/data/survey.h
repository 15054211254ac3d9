#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/data/reading.h"
#include "directclr/data/source.h"

namespace directclr::data {

/// What the picture files of a source are, by their content.
struct Survey {
  uint64_t looked_at = 0;
  std::map<std::string, uint64_t> formats;  ///< "JPEG": how many
  Reading odd;  ///< files that cannot be read, EXIF orientations, inks, more than 8 bits, animations, wrong suffixes
  std::vector<std::string> unreadable;  ///< every file that cannot be read, with the reason: "PATH: truncated JPEG"
  bool decoded = false;
};

/// Looks at the headers of at most `most` of a source's files, spread evenly; with `decode` decodes each of them, too.
/// Nothing of a source that has no files. Throws Interrupted.
Survey survey(const Source& source, uint64_t most, bool decode, const Context& context);

}  // namespace directclr::data
