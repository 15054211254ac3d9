#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "directclr/experiment/run_plan.h"

namespace directclr::experiment {

struct Cluster {
  int64_t nodes = 4;
  int64_t gpus = 8;  ///< a node
};

/// For each run OUT/commands/ID.toml, ID.torchrun and ID.slurm: training and evaluation on a cluster, into OUT/runs/ID,
/// where the same command then finds them. Returns the files written. Throws InputError when they cannot be.
std::vector<std::filesystem::path> write_cluster_scripts(const RunPlan& plan, const Cluster& cluster,
                                                         const std::filesystem::path& out);

}  // namespace directclr::experiment
