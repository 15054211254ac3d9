#pragma once

#include <memory>

#include "directclr/causes/explanation.h"
#include "directclr/model/projector.h"
#include "directclr/model/resnet.h"

namespace directclr::explain {

/// A network of this library, the loss and the augmentation that it was trained with. The modules must be in evaluation
/// mode.
struct Network {
  model::ResNet encoder{nullptr};
  std::shared_ptr<model::Projector> projector;
  settings::LossSettings loss;
  data::AugmentSettings augment;
  torch::Device device = torch::kCPU;
};

/// The network as causes::explain takes it, which it keeps alive.
causes::Subject subject_of(const Network& network);

/// How a loader should write the views for that device, and whether its threads should stand back.
void suit(causes::ViewOptions& options, torch::Device device);

}  // namespace directclr::explain
