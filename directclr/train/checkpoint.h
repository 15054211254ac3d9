#pragma once

#include <cstdint>
#include <map>
#include <optional>
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
  uint64_t spectra_bytes = 0;  ///< the same for spectra.jsonl
  uint64_t event_bytes = 0;    ///< the same for the event file
  uint64_t fingerprint = 0;    ///< of the data set
  std::string run_id;          ///< core/run_id.h; empty: of a run that has none
  double loss_sum = 0;         ///< of the steps since the last regular checkpoint
  int64_t loss_steps = 0;      ///< their number
};

/// The tensors of a training run that a step changes, under the names that they have in a checkpoint.
using TrainingState = std::vector<optim::NamedTensor>;

/// Writes checkpoints/step-N.safetensors atomically, then removes all but the newest two, and what a death left
/// half-written there. Throws InputError.
void save_checkpoint(const settings::RunDirectory& run, const TrainingState& state, const CheckpointInfo& info);

/// Copies the newest readable checkpoint into `state`. A damaged one is reported and the one before is taken.
/// Returns an info with step 0, and leaves the state alone, when there is none.
/// Throws InputError when a checkpoint does not fit the state (names or shapes differ) or is of another run, or all are
/// damaged.
CheckpointInfo load_checkpoint(const settings::RunDirectory& run, TrainingState& state, const Context& context);

/// A measure by which the best state of a run is kept, best.safetensors: a checkpoint that also says `keep_best`, the
/// measure, and `value`.
class BestCheckpoint {
 public:
  /// `measure`: as settings.keep_best; "no" keeps nothing. Goes on from the file that is there, if it is of this run
  /// and this measure.
  BestCheckpoint(const settings::RunDirectory& run, const std::string& measure, const std::string& run_id);

  bool wants(const std::string& measure) const { return measure == measure_; }
  /// Writes the state if `value` is better than all before: higher, or for the loss lower. Throws InputError.
  void offer(double value, const TrainingState& state, const CheckpointInfo& info);

 private:
  settings::RunDirectory run_;
  std::string measure_;
  std::optional<double> best_;
};

}  // namespace directclr::train
