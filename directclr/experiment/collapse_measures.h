#pragma once

#include "directclr/experiment/suite.h"

namespace directclr::experiment {

/// Which measure of collapse goes with the probe's accuracy over whatever variants were run: rank correlations of their
/// means over seeds. Needs no runs of its own, and shows nothing under four variants.
Suite collapse_measures();

}  // namespace directclr::experiment
