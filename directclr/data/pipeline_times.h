#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/source.h"

namespace directclr::data {

/// Where the time of an image's views goes, and how fast the loader is.
struct PipelineTimes {
  int64_t images = 0;  ///< in the sample
  /// Microseconds of one core an image, over all its views, in the order of the work: "read and decode", "parameters",
  /// "crop and resize", "flip", "jitter", "grayscale", "blur", "solarize", "normalise".
  std::vector<std::pair<std::string, double>> stages;
  double whole_decode = 0;  ///< what decoding whole pictures would take, reading included
  double all = 0;           ///< all stages, in a run of its own without a look at the clock between them
  /// Images a second that the loader delivers with so many workers.
  std::vector<std::pair<int64_t, double>> loader;

  double total() const;                          ///< the sum of the stages
  double per_core() const { return 1e6 / all; }  ///< images a second and core
};

/// Measures `images` images (spread over the source) for about `seconds` in all: each stage by the processor time of
/// one thread, then the loader with 1, 2, 4, ... up to `workers` threads. Files are in the page cache after the first
/// round, which does not count. Throws InputError for an image that cannot be decoded, Interrupted.
PipelineTimes measure_pipeline(const Source& source, const AugmentSettings& settings, int64_t images, double seconds,
                               int64_t workers, const Context& context);

}  // namespace directclr::data
