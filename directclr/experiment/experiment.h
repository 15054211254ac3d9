#pragma once

#include <string>
#include <vector>

#include "directclr/experiment/page.h"
#include "directclr/experiment/scale.h"
#include "directclr/experiment/suite.h"

namespace directclr::experiment {

/// What is to be trained and compared, and how it is shown.
struct Experiment {
  PageHead head;
  Scale scale;                ///< settings in common, not resolved; its data may still be missing
  std::vector<Suite> suites;  ///< at least one that has variants
};

}  // namespace directclr::experiment
