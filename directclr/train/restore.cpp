#include "directclr/train/restore.h"

#include <torch/types.h>

#include <bit>

#include "directclr/core/error.h"

namespace directclr::train {

CheckpointInfo restore(const settings::RunDirectory& run, TrainingState& state, const std::string& data,
                       uint64_t fingerprint, const Context& context, const distributed::ProcessGroup& group) {
  group.set_activity("reading the checkpoint");
  CheckpointInfo from;
  if (group.is_root()) from = load_checkpoint(run, state, context);
  torch::Tensor numbers = torch::tensor(
      {from.step, std::bit_cast<int64_t>(from.fingerprint), std::bit_cast<int64_t>(from.seconds)}, torch::kLong);
  group.broadcast_(numbers);
  from.step = numbers[0].item<int64_t>();
  from.fingerprint = std::bit_cast<uint64_t>(numbers[1].item<int64_t>());
  from.seconds = std::bit_cast<double>(numbers[2].item<int64_t>());
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : state) group.broadcast_(tensor);
  if (from.step > 0 && from.fingerprint != fingerprint) {
    throw InputError(data, "the data differ from those the run began with");
  }
  from.fingerprint = fingerprint;
  return from;
}

}  // namespace directclr::train
