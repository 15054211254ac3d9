#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/distributed/process_group.h"
#include "directclr/settings/train_settings.h"

namespace directclr::train {

/// For a fault that all processes find alike: rank 0 tells the user.
[[noreturn]] void refuse_together(const distributed::ProcessGroup& group, const InputError& error);

/// Processes that would not compute the same thing must not begin: compares settings (but for how the run is carried
/// out and where the data lie), versions, precision, data, and the names of parts that are the user's own. Throws
/// InputError naming rank and difference. Collective.
void check_alike(const settings::TrainSettings& settings, bool bfloat16, uint64_t data_fingerprint,
                 const std::vector<std::string>& own_parts, const distributed::ProcessGroup& group);

}  // namespace directclr::train
