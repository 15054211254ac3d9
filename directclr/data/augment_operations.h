#pragma once

#include <string>
#include <vector>

#include "directclr/core/table.h"
#include "directclr/data/augment_settings.h"

namespace directclr::data {

/// One operation of the augmentation, as far as settings go: what of it there is to change. How it is drawn and carried
/// out stands in views.cpp.
struct AugmentOperation {
  std::string name;
  std::string help;
  std::vector<std::string> settings;  ///< names of the settings that belong to it
  /// Whether the settings put it to use.
  bool (*active)(const AugmentSettings& settings);
  /// Switches it off; random draws of the other operations stay as they are.
  void (*remove)(AugmentSettings& settings);
  /// Multiplies its strength, within the settings' ranges (below 1: weaker); probabilities stay. Null: it has none.
  void (*scale)(AugmentSettings& settings, double strength) = nullptr;
};

/// All of them. A view undergoes them in this order, the four of the colour jitter (brightness, contrast, saturation
/// and hue) in a random one.
const Table<AugmentOperation>& augment_operations();

}  // namespace directclr::data
