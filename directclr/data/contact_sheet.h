#pragma once

#include <cstdint>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/source.h"
#include "directclr/image/image.h"

namespace directclr::data {

/// A picture of `rows` x `columns` samples, each side by side: the evaluation view, view a, view b and the local views,
/// as the first epoch of a run with this seed would see them. Samples are spread evenly over the source; in the place
/// of one that cannot be decoded stands a red cross, and `notice` is told which and why. Throws InputError when none
/// can. Where views a and b are less than 56 pixels wide all are enlarged by the whole factor that makes them so.
image::Image contact_sheet(const Source& source, const AugmentSettings& settings, uint64_t seed, int rows, int columns,
                           const NoticeSink& notice);

/// The same of chosen samples, `columns` in a row. Requires: at least one.
image::Image contact_sheet(const Source& source, const AugmentSettings& settings, uint64_t seed,
                           const std::vector<uint64_t>& places, int columns, const NoticeSink& notice);

}  // namespace directclr::data
