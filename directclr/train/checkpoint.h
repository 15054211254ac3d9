#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/optim/optimizer.h"
#include "directclr/settings/run_directory.h"

namespace directclr::train {

/// What a checkpoint knows besides tensors.
struct CheckpointInfo {
  int64_t step = 0;            ///< steps done
  double seconds = 0;          ///< time spent training so far
  uint64_t metrics_bytes = 0;  ///< length of metrics.jsonl at that moment; a resume cuts what came later
  uint64_t event_bytes = 0;    ///< the same for the event file
  uint64_t fingerprint = 0;    ///< of the data set
};

/// The tensors of a training run that a step changes, under the names that they have in a checkpoint.
using TrainingState = std::vector<optim::NamedTensor>;

/// Writes checkpoints/step-N.safetensors atomically, then removes all but the newest two. Throws InputError.
void save_checkpoint(const settings::RunDirectory& run, const TrainingState& state, const CheckpointInfo& info);

/// Copies the newest readable checkpoint into `state`. A damaged one is reported and the one before is taken.
/// Returns an info with step 0, and leaves the state alone, when there is none.
/// Throws InputError when a checkpoint does not fit the state (names or shapes differ), or all are damaged.
CheckpointInfo load_checkpoint(const settings::RunDirectory& run, TrainingState& state, const Context& context);

}  // namespace directclr::train
