#pragma once

#include <memory>

#include "directclr/core/progress.h"
#include "directclr/data/loader.h"
#include "directclr/data/source.h"
#include "directclr/distributed/process_group.h"
#include "directclr/settings/train_settings.h"

namespace directclr::train {

/// The images that a run trains on: those of a source, at most settings.limit of them, spread evenly.
class TrainingData {
 public:
  /// `source`: null opens settings.data. Throws InputError when that fails.
  TrainingData(const settings::TrainSettings& settings, std::shared_ptr<const data::Source> source,
               const Context& context);

  const data::Source& images() const { return *images_; }

  /// Whole batches in a pass over the images, at least 1. Throws InputError when there are fewer than two images or
  /// less than a batch of them.
  int64_t steps_per_epoch(const settings::TrainSettings& settings) const;

 private:
  std::shared_ptr<const data::Source> all_, images_;
};

/// Throws InputError, on all ranks alike, when a batch cannot be shared out among them, or not in micro-batches.
void check_shares(const settings::TrainSettings& settings, const distributed::ProcessGroup& group);

/// How the loader of a training run works on this rank, from step `first` on.
data::LoaderOptions training_loader_options(const settings::TrainSettings& settings, int64_t first,
                                            int64_t steps_per_epoch, c10::Device device, bool bfloat16,
                                            const Context& context, const distributed::ProcessGroup& group);

}  // namespace directclr::train
