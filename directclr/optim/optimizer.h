#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/table.h"
#include "directclr/settings/optim_settings.h"

namespace directclr::optim {

/// A parameter and its name in checkpoints.
using NamedTensor = std::pair<std::string, at::Tensor>;

/// An update rule over a fixed list of parameters. Matrices and convolutions are decayed (and under LARS scaled by the
/// trust ratio); parameters with one dimension, i.e. biases and norm weights, are neither.
/// State tensors have names, so that a checkpoint can hold them beside the model.
class Optimizer {
 public:
  explicit Optimizer(std::vector<NamedTensor> parameters);
  virtual ~Optimizer() = default;

  /// One update with this learning rate. Parameters without a gradient stay as they are.
  void step(double lr);
  /// Forgets all gradients.
  void zero_grad();

  /// Everything but the parameters that the next step depends on, by name.
  std::vector<NamedTensor> state() const;

 protected:
  /// `tensors`, `gradients`: those with a gradient; `slots`: their positions in the parameter list.
  virtual void update(const std::vector<at::Tensor>& tensors, const std::vector<at::Tensor>& gradients,
                      const std::vector<size_t>& slots, double lr) = 0;
  /// A zero tensor per parameter, kept as state under `name`.
  std::vector<at::Tensor> add_state(const std::string& name);

  std::vector<NamedTensor> parameters_;
  std::vector<NamedTensor> state_;
};

/// LARS (You et al. 2017) as SimCLR's descendants run it:
///   u = g + wd * p;  b <- momentum * b + (eta |p| / |u|) u;  p <- p - lr * b
/// with trust ratio 1 where either norm is 0. The buffer holds no learning rate.
std::unique_ptr<Optimizer> make_lars(std::vector<NamedTensor> parameters, double momentum, double weight_decay,
                                     double eta);
/// SGD: the same without trust ratio.
std::unique_ptr<Optimizer> make_sgd(std::vector<NamedTensor> parameters, double momentum, double weight_decay);
/// AdamW: Loshchilov and Hutter 2019, betas 0.9 and 0.999, epsilon 1e-8.
std::unique_ptr<Optimizer> make_adamw(std::vector<NamedTensor> parameters, double weight_decay);

/// An update rule, and what makes it.
struct OptimizerMaker {
  std::string name;
  std::function<std::unique_ptr<Optimizer>(const settings::OptimSettings&, std::vector<NamedTensor>)> make;
};
/// Every update rule, under its name in settings::optimizers().
const Table<OptimizerMaker>& optimizer_makers();

/// The one that the settings name. Throws InputError when it is not known.
std::unique_ptr<Optimizer> make_optimizer(const settings::OptimSettings& settings, std::vector<NamedTensor> parameters);

}  // namespace directclr::optim
