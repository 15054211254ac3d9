#pragma once

#include <cstdint>
#include <vector>

#include "directclr/data/augment_settings.h"
#include "directclr/data/source.h"
#include "directclr/image/image.h"

namespace directclr::data {

/// A picture of `rows` x `columns` samples, each as three tiles side by side: the evaluation view, view a, view b, as
/// the first epoch of a run with this seed would see them. Samples are spread evenly over the source; one that cannot
/// be decoded gives way to the next. Throws InputError when none can. Small views are enlarged by a whole factor so
/// that a tile is at least 56 pixels wide.
image::Image contact_sheet(const Source& source, const AugmentSettings& settings, uint64_t seed, int rows, int columns);

/// The same of chosen samples, `columns` in a row. Requires: at least one.
image::Image contact_sheet(const Source& source, const AugmentSettings& settings, uint64_t seed,
                           const std::vector<uint64_t>& places, int columns);

}  // namespace directclr::data
