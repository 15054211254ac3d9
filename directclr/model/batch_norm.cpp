#include "directclr/model/batch_norm.h"

#include "directclr/distributed/sync_batch_norm.h"

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

torch::Tensor BatchNormImpl::forward(const torch::Tensor& x) {
  const double momentum = updating_ ? kMomentum : 0;
  if (is_training() && updating_) num_batches_tracked_ += 1;
  if (is_training() && group_.world_size() > 1) {
    return distributed::sync_batch_norm(x, weight, bias, running_mean_, running_var_, momentum, kEpsilon, group_);
  }
  return torch::batch_norm(x, weight, bias, running_mean_, running_var_, is_training(), momentum, kEpsilon,
                           at::globalContext().userEnabledCuDNN());
}

void synchronise_batch_norms(torch::nn::Module& module, const distributed::ProcessGroup& group) {
  for (const auto& part : module.modules()) {
    if (auto* norm = part->as<BatchNormImpl>()) norm->synchronise(group);
  }
}

}  // namespace directclr::model
