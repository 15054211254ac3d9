#include "directclr/train/contrastive_model.h"

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/settings/finished_run.h"
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

ContrastiveModel make_untrained_model(const settings::RunDirectory& run) {
  settings::check_described(run);
  return make_model(run.settings());
}

ContrastiveModel load_model(const settings::RunDirectory& run) {
  settings::check_finished(run);
  ContrastiveModel model = make_untrained_model(run);
  load_weights(*model.encoder, run.encoder());
  load_weights(*model.projector, run.projector());
  model.encoder->eval();
  model.projector->eval();
  return model;
}

}  // namespace directclr::train
