#include "directclr/distributed/sync_batch_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/batch_norm_update_stats.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/rsqrt.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "directclr/distributed/saved_group.h"

namespace directclr::distributed {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

ChannelMoments moments_of_all(const Tensor& x, const ProcessGroup& group) {
  const auto [mean, variance] = at::batch_norm_update_stats(x, {}, {}, 0);
  const auto wide = mean.options().dtype(at::kDouble);
  const double count = static_cast<double>(x.numel() / x.size(1));
  return merged_moments({mean.to(at::kDouble), variance.to(at::kDouble), at::full({}, count, wide)}, group);
}

// (C) -> (1, C) or (1, C, 1, 1), to meet x.
Tensor by_channel(const Tensor& values, const Tensor& x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = values.size(0);
  return values.view(shape);
}

struct SyncBatchNormFunction : torch::autograd::Function<SyncBatchNormFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& weight, const Tensor& bias,
                        const Tensor& mean, const Tensor& variance, const Tensor& count, double eps,
                        const ProcessGroup& group) {
    Tensor y = std::get<0>(at::native_batch_norm(x, weight, bias, mean, variance, /*training=*/false, 0, eps));
    context->save_for_backward({x, weight, mean, variance, count});
    context->saved_data["eps"] = eps;
    context->saved_data["group"] = SavedGroup::of(group);
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &variance = saved[3], &count = saved[4];
    const double eps = context->saved_data["eps"].toDouble();
    const ProcessGroup group = SavedGroup::from(context->saved_data["group"]);
    const Tensor grad_y = grads[0].contiguous(x.suggest_memory_format());
    // As if mean and variance were constants: w / sqrt(var + eps) dy, sum dy x^, sum dy. CUDA's kernels want the
    // batch's own moments there, if without values.
    const Tensor none = at::empty({0}, mean.options());
    auto [grad_x, grad_weight, grad_bias] = at::native_batch_norm_backward(
        grad_y, x, weight, mean, variance, none, none, /*train=*/false, eps, {true, true, true});
    Tensor sums = at::cat({grad_weight.to(at::kDouble), grad_bias.to(at::kDouble)});
    group.all_reduce_(sums);
    // What their own gradients take away is linear in x, channel by channel: slope x + offset.
    const int64_t channels = weight.size(0);
    const Tensor inverse = (variance.to(at::kDouble) + eps).rsqrt();
    const Tensor scale = weight.to(at::kDouble) * inverse / count;
    const Tensor slope = scale * inverse * sums.narrow(0, 0, channels);
    const Tensor offset = scale * sums.narrow(0, channels, channels) - slope * mean.to(at::kDouble);
    const auto type = mean.scalar_type();
    Tensor wide = grad_x.to(type);  // of bfloat16 in float32; else grad_x itself
    wide.sub_(by_channel(offset.to(type), x)).addcmul_(x, by_channel(slope.to(type), x), -1);
    grad_x = wide.to(x.scalar_type());
    return {grad_x, grad_weight, grad_bias, Tensor(), Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

ChannelMoments merged_moments(const ChannelMoments& own, const ProcessGroup& group) {
  const int64_t channels = own.mean.size(0);
  const Tensor row = at::cat({own.count.view({1}), own.mean, own.variance}).unsqueeze(0);
  const Tensor all = group.all_gather_rows(row, group.world_size());  // (R, 1 + 2 C)
  const Tensor counts = all.narrow(1, 0, 1), means = all.narrow(1, 1, channels),
               variances = all.narrow(1, 1 + channels, channels);
  ChannelMoments merged;
  merged.count = counts.sum();
  merged.mean = (counts * means).sum(0) / merged.count;
  merged.variance = (counts * (variances + (means - merged.mean).square())).sum(0) / merged.count;
  return merged;
}

Tensor sync_batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, Tensor& running_mean,
                       Tensor& running_var, double momentum, double eps, const ProcessGroup& group) {
  TORCH_CHECK((x.dim() == 2 || x.dim() == 4) && x.size(1) == weight.size(0),
              "[sync_batch_norm] expected (n, C) or (n, C, H, W) with C = ", weight.size(0), ", got ", x.sizes());
  Tensor mean, variance, count;
  {
    const at::NoGradGuard no_grad;
    const ChannelMoments moments = moments_of_all(x.detach(), group);
    count = moments.count;
    const Tensor bessel = count / (count - 1).clamp_min(1);
    mean = moments.mean.to(running_mean.scalar_type());
    variance = moments.variance.to(running_var.scalar_type());
    running_mean.mul_(1 - momentum).add_(mean, momentum);
    running_var.mul_(1 - momentum).add_((moments.variance * bessel).to(running_var.scalar_type()), momentum);
  }
  return SyncBatchNormFunction::apply(x, weight, bias, mean, variance, count, eps, group);
}

}  // namespace directclr::distributed
