#include "directclr/train/contrastive_model.h"

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/io/safetensors.h"
#include "directclr/tensor/tensor_file.h"

namespace directclr::train {

ContrastiveModel make_model(const settings::TrainSettings& s) {
  const auto seed = static_cast<uint64_t>(s.seed);
  ContrastiveModel model;
  model.encoder = model::make_encoder(s.encoder, s.augment.image_size, seed);
  model.projector = model::make_projector(s.projector, model.encoder->representation(), seed);
  return model;
}

std::vector<optim::NamedTensor> named_tensors(const torch::nn::Module& module, const std::string& prefix,
                                              bool with_buffers) {
  std::vector<optim::NamedTensor> tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace_back(prefix + item.key(), item.value());
  if (!with_buffers) return tensors;
  for (const auto& item : module.named_buffers()) tensors.emplace_back(prefix + item.key(), item.value());
  return tensors;
}

void save_weights(const torch::nn::Module& module, const std::filesystem::path& path) {
  tensor::TensorFile file;
  for (auto& [name, tensor] : named_tensors(module, "", true)) file.add(name, tensor);
  file.metadata["format"] = "pt";  // what other readers expect of PyTorch weights
  tensor::write_safetensors(path, file);
}

void load_weights(torch::nn::Module& module, const std::filesystem::path& path) {
  const tensor::TensorFile file = tensor::read_safetensors(path);
  auto tensors = named_tensors(module, "", true);
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : tensors) {
    const at::Tensor* saved = file.find(name);
    if (!saved) throw InputError(path.string(), "has no tensor '" + name + "'", "weights of another architecture?");
    if (saved->sizes() != tensor.sizes()) {
      throw InputError(path.string(), "tensor '" + name + "' has another shape", "weights of another architecture?");
    }
  }
  if (file.tensors.size() != tensors.size()) {
    throw InputError(path.string(), format("holds %zu tensors, the model has %zu", file.tensors.size(), tensors.size()),
                     "weights of another architecture?");
  }
  for (auto& [name, tensor] : tensors) tensor.copy_(*file.find(name));
}

std::string checksum_of_weights(const std::filesystem::path& path) {
  const auto index = io::read_safetensors_index(path);
  const auto crc = index.metadata.find("crc32c");
  return crc == index.metadata.end() ? "" : crc->second;
}

std::vector<std::string> recorded_own_parts(const settings::RunDirectory& run) {
  std::vector<std::string> parts;
  if (!std::filesystem::exists(run.environment())) return parts;
  const auto environment = Json::try_parse(read_file(run.environment()));
  const Json* const recorded = environment ? environment->find("own_parts") : nullptr;
  if (recorded) {
    for (const auto& part : *recorded) parts.push_back(part.get<std::string>());
  }
  return parts;
}

ContrastiveModel make_untrained_model(const settings::RunDirectory& run) {
  for (const auto& part : recorded_own_parts(run)) {
    if (part != "encoder" && part != "projector") continue;
    throw InputError(run.path().string(), "was trained with an own " + part + ", which its settings do not describe",
                     "the program that has it can load its weights: train::load_weights");
  }
  return make_model(run.settings());
}

namespace {

// DONE says with which weights the run ended. Weights are the same bytes in every repetition: they carry no id.
void check_weights(const settings::RunDirectory& run) {
  const auto done = Json::try_parse(read_file(run.done()));
  const Json* const weights = done ? done->find("weights") : nullptr;
  if (!weights) return;  // of an earlier version
  for (const auto& [part, path] : {std::pair("encoder", run.encoder()), std::pair("projector", run.projector())}) {
    const std::string then = weights->value(part, ""), now = checksum_of_weights(path);
    if (now != then) {
      throw InputError(path.string(), "is not what the run ended with: checksum " + now + ", DONE says " + then,
                       "the files of two runs lie here?");
    }
  }
}

}  // namespace

ContrastiveModel load_model(const settings::RunDirectory& run) {
  if (!run.finished()) {
    throw InputError(run.path().string(), "the run is not finished", "train --resume --out " + run.path().string());
  }
  check_weights(run);
  ContrastiveModel model = make_untrained_model(run);
  load_weights(*model.encoder, run.encoder());
  load_weights(*model.projector, run.projector());
  model.encoder->eval();
  model.projector->eval();
  return model;
}

}  // namespace directclr::train
