#pragma once

#include <ATen/core/Tensor.h>

#include "directclr/distributed/process_group.h"

namespace directclr::model {

/// What a batch normalisation has beside its input.
struct NormState {
  at::Tensor weight, bias;               // (C)
  at::Tensor running_mean, running_var;  // (C)
  double momentum = 0.1;
  double epsilon = 1e-5;
  distributed::ProcessGroup group;  // whose rows training sees
};

/// Whether `normalised` takes x: on a processor, (N, C, H, W) in channels-last memory or (N, C), not empty, float32 or
/// float64 as the state is, or bfloat16 with a state in float32.
bool can_normalise(const at::Tensor& x, const NormState& state);

/// relu(norm(x) + residual), in one pass over memory for the moments and one for the result, and in two for the
/// gradients: where it was positive is read off the result, which is kept in place of norm(x). `residual` may be
/// undefined, and is of x's shape and type; `relu` false: without it.
/// Math:     as distributed::sync_batch_norm, over the rows of all processes in training. Moments are sums of float32
///           over parts of the rows, put together in float64; parts do not depend on the number of threads.
/// Training: moments of x, gradients, and running statistics, updated. Else: by the running statistics, no graph.
/// Requires: can_normalise(x, state). Collective in training: one gather forward, one sum backward.
at::Tensor normalised(const at::Tensor& x, const at::Tensor& residual, const NormState& state, bool relu,
                      bool training);

}  // namespace directclr::model
