#include "directclr/train/checkpoint.h"

#include <ATen/core/grad_mode.h>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/tensor/tensor_file.h"

namespace directclr::train {
namespace {

constexpr const char* kVersion = "1";

std::string get(const tensor::TensorFile& file, const std::string& key, const std::string& where) {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end()) throw InputError(where, "the checkpoint lacks '" + key + "'");
  return found->second;
}

CheckpointInfo parse_info(const tensor::TensorFile& file, const std::string& where) {
  if (get(file, "checkpoint_version", where) != kVersion) {
    throw InputError(where, "checkpoint version " + get(file, "checkpoint_version", where) + " is not supported");
  }
  CheckpointInfo info;
  info.step = std::stoll(get(file, "step", where));
  parse_double(get(file, "seconds", where), info.seconds);
  info.metrics_bytes = std::stoull(get(file, "metrics_bytes", where));
  info.event_bytes = std::stoull(get(file, "event_bytes", where));
  info.fingerprint = std::stoull(get(file, "fingerprint", where));
  return info;
}

void copy_into(TrainingState& state, const tensor::TensorFile& file, const std::string& where) {
  if (file.tensors.size() != state.size()) {
    throw InputError(where, format("holds %zu tensors, this model has %zu", file.tensors.size(), state.size()),
                     "was the architecture changed?");
  }
  for (auto& [name, tensor] : state) {
    const at::Tensor* saved = file.find(name);
    if (!saved || saved->sizes() != tensor.sizes() || saved->scalar_type() != tensor.scalar_type()) {
      throw InputError(where, "tensor '" + name + "' is missing or has another shape", "was the architecture changed?");
    }
  }
  const at::NoGradGuard no_grad;
  for (auto& [name, tensor] : state) tensor.copy_(*file.find(name));
}

}  // namespace

void save_checkpoint(const settings::RunDirectory& run, const TrainingState& state, const CheckpointInfo& info) {
  tensor::TensorFile file;
  for (const auto& [name, tensor] : state) file.add(name, tensor);
  file.metadata = {{"checkpoint_version", kVersion},
                   {"step", std::to_string(info.step)},
                   {"seconds", format_number(info.seconds)},
                   {"metrics_bytes", std::to_string(info.metrics_bytes)},
                   {"event_bytes", std::to_string(info.event_bytes)},
                   {"fingerprint", std::to_string(info.fingerprint)}};
  make_directories(run.path() / "checkpoints");
  tensor::write_safetensors(run.checkpoint(info.step), file);
  const auto steps = run.checkpoints();
  for (size_t i = 2; i < steps.size(); ++i) std::filesystem::remove(run.checkpoint(steps[i]));
}

CheckpointInfo load_checkpoint(const settings::RunDirectory& run, TrainingState& state, const Context& context) {
  std::string reason;
  for (const int64_t step : run.checkpoints()) {
    const auto path = run.checkpoint(step);
    tensor::TensorFile file;
    CheckpointInfo info;
    try {
      file = tensor::read_safetensors(path);
      info = parse_info(file, path.string());
    } catch (const InputError& error) {
      reason = error.what();
      context.notice(std::string("damaged checkpoint, using the one before: ") + error.what());
      continue;
    }
    copy_into(state, file, path.string());
    return info;
  }
  if (!reason.empty()) throw InputError(run.path().string(), "no checkpoint can be read; the oldest: " + reason);
  return {};
}

}  // namespace directclr::train
