#pragma once

#include <cstdint>
#include <memory>

#include "directclr/model/encoder.h"
#include "directclr/train/contrastive_model.h"

namespace directclr::train {

using model::Encoder;
using model::encoder_of;

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
