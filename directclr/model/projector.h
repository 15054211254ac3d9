#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "directclr/core/table.h"
#include "directclr/settings/model_settings.h"

namespace directclr::model {

/// The map from representation to embedding, z = P(r). The loss normalises z, so no projector does.
class Projector : public torch::nn::Module {
 public:
  /// r (N, D) -> z (N, P). `step` matters to random-dropout alone: it draws new dimensions every training step.
  virtual torch::Tensor forward(const torch::Tensor& r, int64_t step) = 0;

  /// P, the width of z.
  virtual int64_t embedding() const = 0;

  /// The last linear map, z = W h + b: what the paper's Lemmas 2 and 4 speak of. A projector that is linear in r is
  /// that map itself, and h is r. Of an MLP h is the input of its last layer, and W carries the scale of a batch
  /// normalisation behind it, at its running statistics. Requires evaluation mode. No graph.
  struct LinearTail {
    torch::Tensor input;   // h (N, H)
    torch::Tensor weight;  // W (P, H)
    torch::Tensor bias;    // b (P)
  };
  virtual LinearTail linear_tail(const torch::Tensor& r) = 0;

  /// The trainable matrices from r on, in order, each (out, in); empty for a projector that has none.
  virtual std::vector<torch::Tensor> matrices() const { return {}; }
};

/// A projector z = W r. W is read off the unit vectors, so `forward` must be linear in r in evaluation mode.
class LinearInRepresentation : public Projector {
 public:
  LinearTail linear_tail(const torch::Tensor& r) override;
};

/// Every projector, under its name in settings::projectors().
struct ProjectorMaker {
  std::string name;
  std::function<std::shared_ptr<Projector>(const settings::ProjectorSettings&, int64_t representation, uint64_t seed)>
      make;
};
/// Every projector, under its name in settings::projectors().
const Table<ProjectorMaker>& projector_makers();

/// The projector that the settings describe (docs/math.md, "Projectors"). Every random number comes from `seed`.
/// Throws InputError when it is not known, when d0 is outside 1 .. D, or for `group` when it does not divide D.
std::shared_ptr<Projector> make_projector(const settings::ProjectorSettings& settings, int64_t representation,
                                          uint64_t seed);

}  // namespace directclr::model
