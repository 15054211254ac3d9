#pragma once

#include <functional>

#include "directclr/distributed/gradient_sum.h"
#include "directclr/settings/loss_settings.h"
#include "directclr/train/network.h"

namespace directclr::train {

/// The views of N images, on the model's device.
struct StepViews {
  torch::Tensor global;  // (2N, 3, H, W): view a of every image, then view b
  torch::Tensor local;   // (V N, 3, h, w): the first local view of every image, then the second, ..; undefined: none
};

/// What one step computed, all detached.
struct StepOutput {
  torch::Tensor r;     // (2N, D): of the global views
  torch::Tensor z;     // (2N, P)
  torch::Tensor loss;  // scalar, of this process's rows: the sum over processes is the batch's
};

/// A loss of two views: z_a and z_b (n, P), of this process's rows of a batch of rows.total, -> scalar. Spread over
/// processes it gives this process's part of the batch's loss, as loss::info_nce does; a loss that is a mean over its
/// rows must divide by rows.total where that is not 0.
using PairLoss =
    std::function<torch::Tensor(const torch::Tensor& z_a, const torch::Tensor& z_b, const distributed::Rows& rows)>;

/// The one that the settings name.
PairLoss pair_loss(const settings::LossSettings& settings);

/// The loss over a whole batch and its gradients, added to the parameters' .grad.
///
/// With local views (multi-crop) it is the mean over pairs of views with a large one in them, (a, b) and each of a and
/// b with each small one, of the two-view loss. The encoder sees the local views in a pass of their own, the projector
/// all views together.
///
/// micro_batch 0: in one pass. Otherwise in passes of so many images, in the memory of one (cached gradients; Gao,
/// Zhang, Han and Callan 2021): embeddings first without a graph, then the loss's gradient on all embeddings, then each
/// part once more with a graph, from which that gradient is carried on. The loss still sees the whole batch. Batch
/// normalisation sees its micro-batch alone, in both passes the same: the gradients are exactly those of N / m
/// processes of m images each without synchronised normalisation. Running statistics are updated once a part.
///
/// Spread over processes, `views` are those of this one's rows of the batch (`rows`), and `gradients` sums the
/// parameters' gradients over all while the last backward still runs: afterwards they are the whole batch's.
///
/// Requires: micro_batch 0 or a divisor of N, at least 2. Models in training mode. `step` goes to the projector.
/// Throws:   c10::Error naming what was received, a loss that is no scalar among it.
StepOutput accumulate_gradients(const Network& network, const StepViews& views, int64_t step, const PairLoss& loss,
                                int64_t micro_batch, bool bfloat16, const distributed::Rows& rows = {},
                                distributed::GradientSum* gradients = nullptr);
inline StepOutput accumulate_gradients(const Network& network, const StepViews& views, int64_t step,
                                       const settings::LossSettings& loss, int64_t micro_batch, bool bfloat16,
                                       const distributed::Rows& rows = {},
                                       distributed::GradientSum* gradients = nullptr) {
  return accumulate_gradients(network, views, step, pair_loss(loss), micro_batch, bfloat16, rows, gradients);
}

}  // namespace directclr::train
