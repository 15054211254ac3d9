#pragma once

#include <string>

#include "directclr/settings/train_settings.h"

namespace directclr::plan {

/// Of resolved settings whose stem was left to `--stem auto`: which was picked and why, and what the other one costs.
std::string stem_notice(const settings::TrainSettings& settings);

}  // namespace directclr::plan
