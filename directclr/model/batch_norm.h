#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "directclr/distributed/process_group.h"

namespace directclr::model {

/// Batch normalisation over (N, C) or (N, C, H, W), with the parameters, buffers and names of PyTorch's: momentum 0.1,
/// epsilon 1e-5. In training it can see the rows of all processes (distributed/sync_batch_norm.h). On processors it
/// goes by fused_norm.h where that takes x, elsewhere by the library's operations, to rounding with the same results.
class BatchNormImpl : public torch::nn::Module {
 public:
  explicit BatchNormImpl(int64_t channels);

  torch::Tensor forward(const torch::Tensor& x);
  /// relu(forward(x) + residual); without a residual where that is undefined.
  torch::Tensor relu(const torch::Tensor& x, const torch::Tensor& residual = {});

  /// From now on the statistics of training are those of all processes' rows.
  void synchronise(const distributed::ProcessGroup& group) { group_ = group; }
  /// Whether training changes the running statistics.
  void update_statistics(bool yes) { updating_ = yes; }

  torch::Tensor weight, bias;  // (C)

 private:
  torch::Tensor normalise(const torch::Tensor& x, const torch::Tensor& residual, bool relu);

  torch::Tensor running_mean_, running_var_, num_batches_tracked_;
  distributed::ProcessGroup group_;
  bool updating_ = true;
};
TORCH_MODULE(BatchNorm);

/// Synchronises every batch normalisation in a module.
void synchronise_batch_norms(torch::nn::Module& module, const distributed::ProcessGroup& group);

}  // namespace directclr::model
