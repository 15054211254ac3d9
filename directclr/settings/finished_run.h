#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "directclr/settings/run_directory.h"

namespace directclr::settings {

/// The checksum that a file of weights carries, as text; "" when it has none. Throws InputError.
std::string checksum_of_weights(const std::filesystem::path& path);

/// Which parts of a run were the user's own (train/parts.h), as its environment.json says; none where that is missing.
std::vector<std::string> recorded_own_parts(const RunDirectory& run);

/// Throws InputError when a run's encoder or projector was the user's own, which its settings do not describe.
void check_described(const RunDirectory& run);

/// Throws InputError when the run is not finished, and when its weights are not those that it ended with.
void check_finished(const RunDirectory& run);

}  // namespace directclr::settings
