#pragma once

#include <memory>
#include <string>
#include <vector>

#include "directclr/model/projector.h"
#include "directclr/model/resnet.h"
#include "directclr/optim/optimizer.h"
#include "directclr/settings/run_directory.h"
#include "directclr/settings/train_settings.h"

namespace directclr::train {

/// Encoder and projector of a run.
struct ContrastiveModel {
  model::ResNet encoder{nullptr};
  std::shared_ptr<model::Projector> projector;
};

/// The untrained model that the settings describe. Initial weights depend on the seed alone.
ContrastiveModel make_model(const settings::TrainSettings& settings);

/// Parameters and buffers of a module with their names, each under `prefix`.
std::vector<optim::NamedTensor> named_tensors(const torch::nn::Module& module, const std::string& prefix,
                                              bool with_buffers);

/// Writes the weights as a finished run holds them, for other programs too (torchvision names).
void save_weights(const torch::nn::Module& module, const std::filesystem::path& path);

/// Copies weights from a file into a module. Throws InputError when names or shapes differ.
void load_weights(torch::nn::Module& module, const std::filesystem::path& path);

/// The model with which a run began. Throws InputError when its encoder or projector was the user's own, which the
/// settings do not describe.
ContrastiveModel make_untrained_model(const settings::RunDirectory& run);

/// A finished run's model, in evaluation mode. Throws InputError when the run is not finished, and as above.
ContrastiveModel load_model(const settings::RunDirectory& run);

}  // namespace directclr::train
