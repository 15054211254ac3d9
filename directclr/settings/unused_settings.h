#pragma once

#include <set>
#include <string>
#include <vector>

#include "directclr/settings/train_settings.h"

namespace directclr::settings {

/// Which of the settings `given`, by name, are not as by default and change nothing all the same, since only another
/// loss, projector or update rule uses them; a line each: "--tau changes nothing: --loss vicreg does not use it
/// (infonce, ntxent, spectral do)". Throws InputError for an unknown loss, projector or update rule.
std::vector<std::string> unused_settings(const TrainSettings& settings, const std::set<std::string>& given);

}  // namespace directclr::settings
