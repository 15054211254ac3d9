#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "directclr/settings/model_settings.h"

namespace directclr::model {

/// The map from representation to embedding, z = P(r). The loss normalises z, so no projector does.
class Projector : public torch::nn::Module {
 public:
  /// r (N, D) -> z (N, P). `step` matters to random-dropout alone: it draws new dimensions every training step.
  virtual torch::Tensor forward(const torch::Tensor& r, int64_t step) = 0;

  /// P, the width of z.
  virtual int64_t embedding() const = 0;

  /// The last linear map, z = W h + b: what the paper's Lemmas 2 and 4 speak of. For an MLP h is the input of its last
  /// layer and W carries the scale of a batch normalisation behind it, at its running statistics; every other
  /// projector is linear in r, so h is r and W the whole projector. Requires evaluation mode. No graph.
  struct LinearTail {
    torch::Tensor input;   // h (N, H)
    torch::Tensor weight;  // W (P, H)
    torch::Tensor bias;    // b (P)
  };
  virtual LinearTail linear_tail(const torch::Tensor& r);

  /// The trainable matrices from r on, in order, each (out, in); empty for a projector that has none.
  virtual std::vector<torch::Tensor> matrices() const { return {}; }
};

/// The projector that the settings describe (docs/math.md, "Projectors"). Every random number comes from `seed`.
/// Throws InputError when d0 is outside 1 .. D, or for `group` when it does not divide D.
std::shared_ptr<Projector> make_projector(const settings::ProjectorSettings& settings, int64_t representation,
                                          uint64_t seed);

}  // namespace directclr::model
