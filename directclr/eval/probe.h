#pragma once

#include <string>
#include <utility>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/source.h"
#include "directclr/distributed/process_group.h"
#include "directclr/eval/features.h"
#include "directclr/model/resnet.h"
#include "directclr/settings/eval_settings.h"

namespace directclr::eval {

/// Accuracies are shares in [0, 1] of the test images.
struct ProbeResult {
  double top1 = 0;       ///< after the last epoch
  double top5 = 0;       ///< 1 when there are five classes or fewer
  double best_top1 = 0;  ///< of the best epoch, as the paper's code reports; equal to top1 for a cached probe
  double l2 = 0;         ///< cached: the strength chosen
  double held_out_top1 = 0;
  std::vector<double> epoch_top1;
};

/// Columns FIRST:END of the representation. Throws InputError when malformed or outside 0 .. D.
std::pair<int64_t, int64_t> parse_dims(const std::string& text, int64_t representation);

/// Multinomial logistic regression by L-BFGS on standardised features. The L2 strength comes from a grid of powers of
/// ten, judged on held-out training rows after fits on at most 20,000 others (the split is drawn from `seed`); the
/// chosen one is then fitted on all. Requires: features on the CPU, labels in 0 .. classes-1. Throws Interrupted when
/// asked to stop.
ProbeResult probe_cached(const Features& train, const Features& test, int64_t classes,
                         const settings::ProbeSettings& settings, uint64_t seed, const Context& context);

/// The paper's protocol: a linear layer trained by SGD on random crops and flips of the images seen through the frozen
/// encoder in evaluation mode, cosine schedule, tested on centred views after every epoch.
/// Several processes each see a share of every batch through the encoder, and all train the layer on the whole; rank 0
/// alone tests it. Throws Error when the encoder changed, Interrupted when asked to stop.
ProbeResult probe_sgd(model::ResNet encoder, const data::Source& train, const data::Source& test,
                      const data::AugmentSettings& augment, const settings::ProbeSettings& settings,
                      torch::Device device, const FeatureOptions& loading, uint64_t seed, const Context& context,
                      const distributed::ProcessGroup& group = {});

/// Top-k accuracy of scores (M, classes) against labels (M).
double top_k_accuracy(const torch::Tensor& scores, const torch::Tensor& labels, int64_t k);

}  // namespace directclr::eval
