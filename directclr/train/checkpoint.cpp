#include "directclr/train/checkpoint.h"

#include <ATen/core/grad_mode.h>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/safetensors.h"
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
  if (file.metadata.contains("spectra_bytes")) {  // not in checkpoints of earlier versions
    info.spectra_bytes = std::stoull(get(file, "spectra_bytes", where));
  }
  info.event_bytes = std::stoull(get(file, "event_bytes", where));
  info.fingerprint = std::stoull(get(file, "fingerprint", where));
  if (const auto id = file.metadata.find("run_id"); id != file.metadata.end()) info.run_id = id->second;
  if (file.metadata.contains("loss_steps")) {  // not in checkpoints of earlier versions
    parse_double(get(file, "loss_sum", where), info.loss_sum);
    info.loss_steps = std::stoll(get(file, "loss_steps", where));
  }
  return info;
}

tensor::TensorFile file_of(const TrainingState& state, const CheckpointInfo& info) {
  tensor::TensorFile file;
  for (const auto& [name, tensor] : state) file.add(name, tensor);
  file.metadata = {{"checkpoint_version", kVersion},
                   {"step", std::to_string(info.step)},
                   {"seconds", format_number(info.seconds)},
                   {"metrics_bytes", std::to_string(info.metrics_bytes)},
                   {"spectra_bytes", std::to_string(info.spectra_bytes)},
                   {"event_bytes", std::to_string(info.event_bytes)},
                   {"fingerprint", std::to_string(info.fingerprint)},
                   {"loss_sum", format_number(info.loss_sum)},
                   {"loss_steps", std::to_string(info.loss_steps)}};
  if (!info.run_id.empty()) file.metadata["run_id"] = info.run_id;
  return file;
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
  const auto folder = run.path() / "checkpoints";
  make_directories(folder);
  tensor::write_safetensors(run.checkpoint(info.step), file_of(state, info));
  for (const auto& partial : matching_files((folder / "step-*.partial").string())) std::filesystem::remove(partial);
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
    if (const std::string id = run.id(); !id.empty() && !info.run_id.empty() && info.run_id != id) {
      throw InputError(path.string(), "is of run " + info.run_id + ", config.toml of run " + id,
                       "remove what does not belong here, or train anew with --overwrite");
    }
    copy_into(state, file, path.string());
    return info;
  }
  if (!reason.empty()) throw InputError(run.path().string(), "no checkpoint can be read; the oldest: " + reason);
  return {};
}

BestCheckpoint::BestCheckpoint(const settings::RunDirectory& run, const std::string& measure, const std::string& run_id)
    : run_(run), measure_(measure) {
  if (measure == "no" || !std::filesystem::exists(run.best())) return;
  const auto there = io::read_safetensors_index(run.best()).metadata;
  const auto says = [&](const char* key) { return there.contains(key) ? there.at(key) : ""; };
  double value = 0;
  if (says("run_id") == run_id && says("keep_best") == measure && parse_double(says("value"), value)) best_ = value;
}

void BestCheckpoint::offer(double value, const TrainingState& state, const CheckpointInfo& info) {
  const bool better = !best_ || (measure_ == "loss" ? value < *best_ : value > *best_);
  if (!better) return;
  tensor::TensorFile file = file_of(state, info);
  file.metadata["keep_best"] = measure_;
  file.metadata["value"] = format_number(value);
  tensor::write_safetensors(run_.best(), file);
  best_ = value;
}

}  // namespace directclr::train
