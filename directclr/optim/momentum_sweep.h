#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace directclr::optim {

/// The rule of one update: u = g + decay p;  b <- momentum b + trust u;  p <- p - rate b.
struct MomentumRule {
  double momentum = 0, weight_decay = 0;
  double eta = -1;  // trust = eta |p| / |u|, and 1 where either is 0; below 0: always 1
  double rate = 0;
};

/// Parameters with more than one dimension are decayed and have a trust ratio; others have neither.
struct MomentumParameters {
  std::vector<at::Tensor> tensors, gradients, buffers;
};

/// Whether sweep() takes them: on a processor, all float32 or all float64, each dense, its gradient and its buffer laid
/// out as it is.
bool can_sweep(const MomentumParameters& parameters);

/// The update in one pass over all numbers, or two where there is a trust ratio, on all threads: an operation of the
/// library's for each parameter would take longer than most parameters' numbers. The result does not depend on the
/// number of threads. Requires can_sweep(parameters).
void sweep(const MomentumParameters& parameters, const MomentumRule& rule);

}  // namespace directclr::optim
