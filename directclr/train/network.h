#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "directclr/train/contrastive_model.h"

namespace directclr::train {

/// An encoder as a training step sees it: any module, and the way of images through it.
struct Encoder {
  std::shared_ptr<torch::nn::Module> module;  ///< its parameters, buffers, device, and mode (training or evaluation)
  std::function<torch::Tensor(const torch::Tensor&)> forward;  ///< images (N, 3, H, W), normalised -> r (N, D)
  int64_t representation = 0;                                  ///< D; 0: not known yet
};

/// The encoder of a module whose forward takes images and gives a tensor (torch::nn::Sequential among them).
template <class M>
Encoder encoder_of(const std::shared_ptr<M>& module) {
  return {module, [module](const torch::Tensor& images) -> torch::Tensor { return module->forward(images); }, 0};
}
template <class M>
Encoder encoder_of(const torch::nn::ModuleHolder<M>& holder) {
  return encoder_of(holder.ptr());
}

/// What a training step updates: encoder and projector.
struct Network {
  Network(Encoder of_images, std::shared_ptr<model::Projector> of_representations)
      : encoder(std::move(of_images)), projector(std::move(of_representations)) {}
  Network(const ContrastiveModel& model);  // NOLINT: a model made from settings is one of them

  Encoder encoder;
  std::shared_ptr<model::Projector> projector;
};

/// D of an encoder that lies on `device`: sends two images of `side` pixels square through it, in evaluation mode and
/// without a graph. Throws c10::Error naming the shape that came when that is not (2, D).
int64_t width_of(const Encoder& encoder, int64_t side, torch::Device device);

/// Throws c10::Error naming the shape that came when the projector, in evaluation mode, does not make (2, P) of r
/// (2, D), with P what it calls its embedding.
void check_projector(model::Projector& projector, int64_t representation, torch::Device device);

/// Parameters, or with buffers all tensors, under the names that they have in a checkpoint: "encoder/..",
/// "projector/..".
std::vector<optim::NamedTensor> tensors_of(const Network& network, bool with_buffers);

}  // namespace directclr::train
