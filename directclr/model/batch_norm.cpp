#include "directclr/model/batch_norm.h"

#include "directclr/distributed/sync_batch_norm.h"
#include "directclr/model/fused_norm.h"

namespace directclr::model {
namespace {

constexpr double kMomentum = 0.1;
constexpr double kEpsilon = 1e-5;

}  // namespace

BatchNormImpl::BatchNormImpl(int64_t channels) {
  weight = register_parameter("weight", torch::ones({channels}));
  bias = register_parameter("bias", torch::zeros({channels}));
  running_mean_ = register_buffer("running_mean", torch::zeros({channels}));
  running_var_ = register_buffer("running_var", torch::ones({channels}));
  num_batches_tracked_ = register_buffer("num_batches_tracked", torch::zeros({}, torch::kLong));
}

torch::Tensor BatchNormImpl::forward(const torch::Tensor& x) { return normalise(x, {}, false); }
torch::Tensor BatchNormImpl::relu(const torch::Tensor& x, const torch::Tensor& residual) {
  return normalise(x, residual, true);
}

torch::Tensor BatchNormImpl::normalise(const torch::Tensor& x, const torch::Tensor& residual, bool relu) {
  const double momentum = updating_ ? kMomentum : 0;
  const bool training = is_training();
  if (training && updating_) num_batches_tracked_ += 1;
  const NormState state{weight, bias, running_mean_, running_var_, momentum, kEpsilon, group_};
  const bool alike = !residual.defined() || residual.scalar_type() == x.scalar_type();
  if (alike && (training || !torch::GradMode::is_enabled()) && can_normalise(x, state)) {
    return normalised(x, residual, state, relu, training);
  }
  torch::Tensor y;
  if (training && group_.world_size() > 1) {
    y = distributed::sync_batch_norm(x, weight, bias, running_mean_, running_var_, momentum, kEpsilon, group_);
  } else {
    y = torch::batch_norm(x, weight, bias, running_mean_, running_var_, training, momentum, kEpsilon,
                          at::globalContext().userEnabledCuDNN());
  }
  if (residual.defined()) y += residual;
  return relu ? torch::relu_(y) : y;
}

void synchronise_batch_norms(torch::nn::Module& module, const distributed::ProcessGroup& group) {
  for (const auto& part : module.modules()) {
    if (auto* norm = part->as<BatchNormImpl>()) norm->synchronise(group);
  }
}

}  // namespace directclr::model
