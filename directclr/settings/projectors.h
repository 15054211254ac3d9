#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "directclr/core/table.h"
#include "directclr/settings/model_settings.h"

namespace directclr::settings {

/// The layers of a projector with given settings, as far as width, linearity and cost depend on them.
struct ProjectorLayers {
  struct Linear {
    int64_t in;
    int64_t out;
    bool bias = false;
    bool trainable = true;
  };
  int64_t embedding = 0;            ///< P
  bool linear_in_r = true;          ///< in evaluation, up to a constant
  std::vector<Linear> linear = {};  ///< matrices that multiply each row
  std::vector<int64_t> norms = {};  ///< channels of each batch normalisation
  int64_t other_parameters = 0;     ///< trainable, outside matrices and batch normalisations
  int64_t macs_per_pass = 0;        ///< multiply-adds forward and backward, however many rows there are
};

/// What settings and plans know of a projector. The module stands under the same name in model::projector_makers().
struct ProjectorKind {
  std::string name;
  std::string help;
  /// For a representation of that width. Throws InputError as ProjectorSettings::resolved_d0.
  std::function<ProjectorLayers(const ProjectorSettings& settings, int64_t representation)> layers;
  std::vector<std::string> uses = {};  ///< which of the projectors' settings change what it computes
};

/// Every `--projector`.
const Table<ProjectorKind>& projectors();

}  // namespace directclr::settings
