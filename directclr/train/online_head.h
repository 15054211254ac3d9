#pragma once

#include <torch/nn/modules/linear.h>

#include <memory>

#include "directclr/distributed/gradient_sum.h"
#include "directclr/optim/optimizer.h"
#include "directclr/train/checkpoint.h"

namespace directclr::train {

/// The linear classifier that learns beside the encoder, on detached representations, in its own optimiser: it tells
/// how good the representation is getting and cannot change it.
class OnlineHead {
 public:
  OnlineHead(int64_t representation, int64_t classes, torch::Device device, const distributed::ProcessGroup& group);

  /// One step on r (n, D) and labels (n) of this process; returns how many it got right before, a scalar on the device.
  /// `total`: the rows of all processes. `share_of_peak`: the encoder's learning rate over its peak. Collective.
  torch::Tensor step(const torch::Tensor& r, const torch::Tensor& labels, int64_t total, double share_of_peak);

  /// Adds what a checkpoint must hold.
  void add_state(TrainingState& state) const;

 private:
  torch::nn::Linear linear_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<distributed::GradientSum> gradients_;
};

}  // namespace directclr::train
