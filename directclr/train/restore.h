#pragma once

#include "directclr/distributed/process_group.h"
#include "directclr/train/checkpoint.h"

namespace directclr::train {

/// Brings every rank to rank 0's state: that of the run's newest readable checkpoint, or, where there is none yet, the
/// one that rank 0 has. Returns the checkpoint's info (step 0: none), complete on rank 0; on the others without the
/// lengths of the logs. Collective. Throws InputError as load_checkpoint, and when the checkpoint was made with data of
/// another fingerprint; `data` names them in that message.
CheckpointInfo restore(const settings::RunDirectory& run, TrainingState& state, const std::string& data,
                       uint64_t fingerprint, const Context& context, const distributed::ProcessGroup& group);

}  // namespace directclr::train
