#pragma once

#include <optional>
#include <string>

#include "directclr/core/progress.h"
#include "directclr/distributed/process_group.h"
#include "directclr/settings/run_directory.h"
#include "directclr/settings/train_settings.h"
#include "directclr/train/parts.h"

namespace directclr::train {

/// What a training run amounts to.
struct TrainResult {
  int64_t steps = 0;             ///< done in all, those of earlier sessions included
  double seconds = 0;            ///< spent training, over all of the run's sessions
  double images_per_second = 0;  ///< of this session; 0 when it trained nothing
  double last_loss = 0;          ///< of the last step, on the whole batch; 0 when this session trained nothing
  /// The run to be resumed had been finished: nothing was done, and `steps` and `seconds` are those of its file DONE.
  bool finished_before = false;
};

/// How a training is started, and its surroundings.
struct TrainOptions {
  settings::StartMode mode = settings::StartMode::kNew;
  std::string command_line;  ///< for the run's record
  Context context;
  distributed::ProcessGroup group;
  /// Whether the host looks at the loss of every step, or only of those that are logged, saved or end an epoch. A look
  /// makes host and device wait for each other. Unset: at every one on processors, and where Callbacks::on_step asks;
  /// if one rank looks, all do. A step's report has the loss of the last look. Several processes on devices always
  /// look: who waits in the driver for a lost one is found there (distributed/watch.h).
  std::optional<bool> every_loss = std::nullopt;
};

/// Trains an encoder with a contrastive loss and writes a run directory (docs/formats.md).
/// `settings` must be resolved. With settings::StartMode::kResume they must equal the run's own but for its `[run]`
/// part, and the run continues from its newest good checkpoint, giving bit for bit what it would have given
/// uninterrupted; but it may have more epochs, and goes on with the schedule of so many, which a notice says. While
/// this runs the directory is this process's own (core/folder_lock.h). Throws InputError (bad settings, data or
/// directory), Interrupted (after saving a checkpoint), NumericalError (the loss is not finite: names step, learning
/// rate and last checkpoint; on a device it may have gone on for some steps, of which nothing is saved),
/// spectrum::GateFailure (r does not pass a gate of settings.stop; after saving a checkpoint).
///
/// With a group of several processes all call this with the same settings; each takes its share of every batch, and
/// the run is the one that a single process would make of the whole batch (docs/scale.md). Rank 0 alone writes; the
/// directory need be there for it alone. All get the same result but for the rate, each its own. A run can be resumed
/// by another number of processes.
///
/// `parts`: the user's own instead of what the settings describe (parts.h); their contract broken throws c10::Error
/// before anything is written.
TrainResult train(const settings::TrainSettings& settings, const Parts& parts, const settings::RunDirectory& run,
                  const TrainOptions& options = {});

/// The same with every part from the settings.
TrainResult train(const settings::TrainSettings& settings, const settings::RunDirectory& run, settings::StartMode mode,
                  const std::string& command_line, const Context& context, const distributed::ProcessGroup& group = {});

}  // namespace directclr::train
