#pragma once

#include <ATen/core/Tensor.h>

#include "directclr/distributed/process_group.h"

namespace directclr::distributed {

/// Mean and variance of every channel over some rows.
struct ChannelMoments {
  at::Tensor mean;      // (C) float64
  at::Tensor variance;  // (C) float64, biased
  at::Tensor count;     // scalar float64: values a channel; never read by what merges them, so no device need wait
};

/// Those over the rows of all processes (Chan, Golub, LeVeque 1983), of each one's own. Collective: one gather.
ChannelMoments merged_moments(const ChannelMoments& own, const ProcessGroup& group);

/// Batch normalisation in training, with mean and variance over the rows of all processes: what one process would
/// compute on all rows together, forward and backward.
/// Math:     y = w (x - mean) / sqrt(var + eps) + b with mean and biased var over all M = sum_k M_k values of a
/// channel,
///           merged from each process's own (Chan, Golub, LeVeque 1983). Backward, with x^ the normalised x:
///           dx = w / sqrt(var + eps) (dy - (1/M) sum dy - x^ (1/M) sum dy x^), both sums over all processes.
///           Gradients of w and b are this process's part; their sum over processes is the whole.
/// Updates:  running = (1 - momentum) running + momentum (mean, var M / (M - 1)).
/// Requires: x (n, C) or (n, C, H, W), the same C on all processes, n may differ; weight, bias, running_mean,
///           running_var (C). Collective: one gather forward, one sum backward.
at::Tensor sync_batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                           at::Tensor& running_mean, at::Tensor& running_var, double momentum, double eps,
                           const ProcessGroup& group);

}  // namespace directclr::distributed
