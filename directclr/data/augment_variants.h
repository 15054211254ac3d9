#pragma once

#include <string>
#include <vector>

#include "directclr/data/augment_settings.h"

namespace directclr::data {

/// The training augmentation with something changed, to see what of it does what.
struct AugmentVariant {
  enum class Kind { kAlone, kWithout, kScaled };
  Kind kind = Kind::kAlone;
  std::string operation;  ///< of augment_operations.h, or "all"
  double strength = 1;    ///< of kScaled
  AugmentSettings settings;

  std::string name() const;  ///< "crop alone", "without crop", "all, strength 0.5"
};

/// Which operations (augment_operations.h) the settings put to use, in the table's order.
std::vector<std::string> active_operations(const AugmentSettings& settings);

/// Each active operation alone, then all but each, then all with their strengths times 0.5 and 1.5 (the share that a
/// crop may leave out, the ranges of the jitter's factors, the blur's sigma; probabilities stay). A crop left out is
/// the largest centred square. Random draws that two variants share are the same in both, since every operation has a
/// stream of its own. Fewer than two active operations: none alone and none left out.
std::vector<AugmentVariant> augment_variants(const AugmentSettings& settings);

}  // namespace directclr::data
