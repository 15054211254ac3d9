#include "directclr/optim/optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

#include "directclr/optim/momentum_sweep.h"

namespace directclr::optim {
namespace {

using at::Tensor;

class MomentumOptimizer final : public Optimizer {
 public:
  // eta < 0: plain SGD.
  MomentumOptimizer(std::vector<NamedTensor> parameters, double momentum, double weight_decay, double eta)
      : Optimizer(std::move(parameters)), rule_{momentum, weight_decay, eta} {
    buffers_ = add_state("momentum");
  }

 protected:
  void update(const std::vector<Tensor>& tensors, const std::vector<Tensor>& gradients,
              const std::vector<size_t>& slots, double lr) override {
    MomentumParameters all{tensors, gradients, {}};
    for (const size_t slot : slots) all.buffers.push_back(buffers_[slot]);
    rule_.rate = lr;
    if (can_sweep(all)) return sweep(all, rule_);
    MomentumParameters plain, decayed;
    for (size_t i = 0; i < tensors.size(); ++i) {
      auto& group = tensors[i].dim() <= 1 ? plain : decayed;
      group.tensors.push_back(tensors[i]);
      group.gradients.push_back(gradients[i]);
      group.buffers.push_back(all.buffers[i]);
    }
    at::_foreach_mul_(all.buffers, rule_.momentum);
    if (!plain.buffers.empty()) at::_foreach_add_(plain.buffers, plain.gradients);
    if (!decayed.buffers.empty()) add_decayed(decayed);
    at::_foreach_add_(all.tensors, all.buffers, -lr);
  }

 private:
  void add_decayed(const MomentumParameters& group) const {
    const std::vector<Tensor> updates = at::_foreach_add(group.gradients, group.tensors, rule_.weight_decay);
    if (rule_.eta < 0) return at::_foreach_add_(group.buffers, updates);
    const Tensor p_norms = at::stack(at::_foreach_norm(group.tensors)), u_norms = at::stack(at::_foreach_norm(updates));
    const std::vector<Tensor> trust =
        at::where(p_norms.gt(0).logical_and(u_norms.gt(0)), p_norms * rule_.eta / u_norms, 1.0).unbind();
    for (size_t i = 0; i < updates.size(); ++i) group.buffers[i].addcmul_(updates[i], trust[i]);
  }

  MomentumRule rule_;
  std::vector<Tensor> buffers_;
};

class AdamW final : public Optimizer {
 public:
  AdamW(std::vector<NamedTensor> parameters, double weight_decay)
      : Optimizer(std::move(parameters)), weight_decay_(weight_decay) {
    first_ = add_state("first_moment");
    second_ = add_state("second_moment");
    steps_ = at::zeros({1}, at::kLong);
    state_.emplace_back("steps", steps_);
  }

 protected:
  void update(const std::vector<Tensor>& tensors, const std::vector<Tensor>& gradients,
              const std::vector<size_t>& slots, double lr) override {
    constexpr double kBeta1 = 0.9;
    constexpr double kBeta2 = 0.999;
    constexpr double kEpsilon = 1e-8;
    steps_ += 1;  // on the CPU: no device need be asked
    const auto t = static_cast<double>(*steps_.const_data_ptr<int64_t>());
    const double correction = std::sqrt(1 - std::pow(kBeta2, t));
    const double rate = lr / (1 - std::pow(kBeta1, t));
    std::vector<Tensor> decayed, first, second;
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].dim() > 1) decayed.push_back(tensors[i]);
      first.push_back(first_[slots[i]]);
      second.push_back(second_[slots[i]]);
    }
    if (!decayed.empty()) at::_foreach_mul_(decayed, 1 - lr * weight_decay_);
    at::_foreach_lerp_(first, gradients, 1 - kBeta1);
    at::_foreach_mul_(second, kBeta2);
    at::_foreach_addcmul_(second, gradients, gradients, 1 - kBeta2);
    const std::vector<Tensor> deviations = at::_foreach_sqrt(second);
    at::_foreach_div_(deviations, correction);
    at::_foreach_add_(deviations, kEpsilon);
    at::_foreach_addcdiv_(tensors, first, deviations, -rate);
  }

 private:
  double weight_decay_;
  std::vector<Tensor> first_;
  std::vector<Tensor> second_;
  Tensor steps_;
};

}  // namespace

Optimizer::Optimizer(std::vector<NamedTensor> parameters) : parameters_(std::move(parameters)) {}

void Optimizer::step(double lr) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> tensors;
  std::vector<Tensor> gradients;
  std::vector<size_t> slots;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i].second;
    if (!p.grad().defined()) continue;
    tensors.push_back(p);
    gradients.push_back(p.grad());
    slots.push_back(i);
  }
  if (!tensors.empty()) update(tensors, gradients, slots, lr);
}

void Optimizer::zero_grad() {
  for (auto& [name, p] : parameters_) p.mutable_grad().reset();
}

std::vector<NamedTensor> Optimizer::state() const { return state_; }

std::vector<Tensor> Optimizer::add_state(const std::string& name) {
  std::vector<Tensor> tensors;
  for (const auto& [parameter_name, p] : parameters_) {
    tensors.push_back(at::zeros_like(p.detach()));
    state_.emplace_back(name + "." + parameter_name, tensors.back());
  }
  return tensors;
}

std::unique_ptr<Optimizer> make_lars(std::vector<NamedTensor> parameters, double momentum, double weight_decay,
                                     double eta) {
  return std::make_unique<MomentumOptimizer>(std::move(parameters), momentum, weight_decay, eta);
}
std::unique_ptr<Optimizer> make_sgd(std::vector<NamedTensor> parameters, double momentum, double weight_decay) {
  return std::make_unique<MomentumOptimizer>(std::move(parameters), momentum, weight_decay, -1);
}
std::unique_ptr<Optimizer> make_adamw(std::vector<NamedTensor> parameters, double weight_decay) {
  return std::make_unique<AdamW>(std::move(parameters), weight_decay);
}

const Table<OptimizerMaker>& optimizer_makers() {
  using settings::OptimSettings;
  using Parameters = std::vector<NamedTensor>;
  const auto lars = [](const OptimSettings& s, Parameters p) {
    return make_lars(std::move(p), s.momentum, s.resolved_weight_decay(), s.lars_eta);
  };
  const auto sgd = [](const OptimSettings& s, Parameters p) {
    return make_sgd(std::move(p), s.momentum, s.resolved_weight_decay());
  };
  const auto adamw = [](const OptimSettings& s, Parameters p) {
    return make_adamw(std::move(p), s.resolved_weight_decay());
  };
  static const Table<OptimizerMaker> table("--optimizer", {{"lars", lars}, {"sgd", sgd}, {"adamw", adamw}});
  return table;
}

std::unique_ptr<Optimizer> make_optimizer(const settings::OptimSettings& settings,
                                          std::vector<NamedTensor> parameters) {
  return optimizer_makers().at(settings.optimizer).make(settings, std::move(parameters));
}

}  // namespace directclr::optim
