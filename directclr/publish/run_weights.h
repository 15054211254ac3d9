#pragma once

#include <string>

#include "directclr/io/safetensors.h"
#include "directclr/settings/run_directory.h"
#include "directclr/settings/train_settings.h"

namespace directclr::publish {

/// The trained network of a run as its files hold it: what every export is made of.
struct RunWeights {
  settings::TrainSettings settings;
  std::string run_id;       ///< "": of a run that has none
  io::ArrayFile encoder;    ///< torchvision's parameter names
  io::ArrayFile projector;  ///< names as in projector.safetensors
};

/// Of a finished run its last weights; with `best` those of the best state that it kept, finished or not. Throws
/// InputError when there are none, when encoder or projector are the user's own, and when a file is damaged or of
/// another run.
RunWeights read_run_weights(const settings::RunDirectory& run, bool best);

}  // namespace directclr::publish
