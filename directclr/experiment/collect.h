#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "directclr/experiment/results.h"
#include "directclr/experiment/run_plan.h"

namespace directclr::experiment {

/// Whether the directory holds this run, trained.
bool is_trained(const std::filesystem::path& directory);
/// Whether it has been evaluated with these settings since.
bool is_evaluated(const std::filesystem::path& directory, const settings::EvaluationSettings& settings);

/// What the plan's runs in `runs_folder` came to; what they have in common is what no variant sets. `problems`: by id,
/// why a run failed; what neither failed nor finished is noted as missing, and a run whose files are damaged as failed.
Results collect(const RunPlan& plan, const std::filesystem::path& runs_folder,
                const std::map<std::string, std::string>& problems, const std::string& command_line);

}  // namespace directclr::experiment
