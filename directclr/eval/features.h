#pragma once

#include "directclr/core/progress.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/source.h"
#include "directclr/distributed/process_group.h"
#include "directclr/model/encoder.h"
#include "directclr/model/projector.h"

namespace directclr::eval {

/// Features of a data set, one row an image in the order of the source; the row of one that was skipped (skip_bad) is
/// the next good one's, with its label and place.
struct Features {
  torch::Tensor representation;  // (N, D) float32, CPU
  torch::Tensor embedding;       // (N, P) float32, CPU; undefined without a projector
  torch::Tensor labels;          // (N) int64, -1 where unknown
  torch::Tensor places;          // (N) int64: which image of the source each row is of
};

/// How features are extracted.
struct FeatureOptions {
  int64_t batch_size = 500;
  int64_t workers = 2;
  bool skip_bad = false;
  uint64_t limit = UINT64_MAX;  ///< at most so many images, spread evenly over the source
  bool keep_share = false;      ///< with several processes: each keeps the rows of its share
  std::string task = "features";
};

/// Runs the encoder, whose module lies on `device` (and projector, unless null) in evaluation mode over centred views,
/// without gradients, in float32. Leaves the modules' mode as it was. Several processes each take a share of the
/// images, and rank 0 gets all rows (the other ranks' results hold labels alone). Throws Interrupted when asked to
/// stop, InputError for a bad image.
Features extract_features(const model::Encoder& encoder, model::Projector* projector, const data::Source& source,
                          const data::AugmentSettings& augment, torch::Device device, const FeatureOptions& options,
                          const Context& context, const distributed::ProcessGroup& group = {});

}  // namespace directclr::eval
