#include "directclr/optim/optimizer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

namespace directclr::optim {
namespace {

using at::Tensor;

class MomentumOptimizer final : public Optimizer {
 public:
  // eta < 0: plain SGD.
  MomentumOptimizer(std::vector<NamedTensor> parameters, double momentum, double weight_decay, double eta)
      : Optimizer(std::move(parameters)), momentum_(momentum), weight_decay_(weight_decay), eta_(eta) {
    buffers_ = add_state("momentum");
  }

 protected:
  void update(const std::vector<Tensor>& tensors, const std::vector<Tensor>& gradients,
              const std::vector<size_t>& slots, double lr) override {
    for (size_t i = 0; i < tensors.size(); ++i) {
      Tensor& buffer = buffers_[slots[i]];
      buffer.mul_(momentum_);
      if (tensors[i].dim() <= 1) {
        buffer.add_(gradients[i]);
      } else if (eta_ < 0) {
        buffer.add_(gradients[i]).add_(tensors[i], weight_decay_);
      } else {
        const Tensor u = gradients[i].add(tensors[i], weight_decay_);
        const Tensor p_norm = tensors[i].norm();
        const Tensor u_norm = u.norm();
        const Tensor trust = at::where(p_norm.gt(0).logical_and(u_norm.gt(0)), p_norm * eta_ / u_norm, 1.0);
        buffer.addcmul_(u, trust);
      }
    }
    std::vector<Tensor> used;
    for (const size_t slot : slots) used.push_back(buffers_[slot]);
    at::_foreach_add_(tensors, used, -lr);
  }

 private:
  double momentum_;
  double weight_decay_;
  double eta_;
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
    steps_ += 1;
    const auto t = static_cast<double>(steps_.item<int64_t>());
    const double correction = std::sqrt(1 - std::pow(kBeta2, t));
    const double rate = lr / (1 - std::pow(kBeta1, t));
    for (size_t i = 0; i < tensors.size(); ++i) {
      Tensor p = tensors[i];
      Tensor& m = first_[slots[i]];
      Tensor& v = second_[slots[i]];
      if (p.dim() > 1) p.mul_(1 - lr * weight_decay_);
      m.lerp_(gradients[i], 1 - kBeta1);
      v.mul_(kBeta2).addcmul_(gradients[i], gradients[i], 1 - kBeta2);
      p.addcdiv_(m, (v.sqrt() / correction).add_(kEpsilon), -rate);
    }
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

std::unique_ptr<Optimizer> make_optimizer(const OptimSettings& s, std::vector<NamedTensor> parameters) {
  const double decay = s.resolved_weight_decay();
  if (s.optimizer == "lars") return make_lars(std::move(parameters), s.momentum, decay, s.lars_eta);
  if (s.optimizer == "sgd") return make_sgd(std::move(parameters), s.momentum, decay);
  TORCH_CHECK(s.optimizer == "adamw", "[make_optimizer] expected lars, sgd or adamw, got ", s.optimizer);
  return make_adamw(std::move(parameters), decay);
}

}  // namespace directclr::optim
