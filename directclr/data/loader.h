#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/batch_memory.h"
#include "directclr/data/source.h"
#include "directclr/data/views.h"

namespace directclr::data {

/// What a loader makes of each image.
enum class Transform {
  kTrainingViews,  ///< two augmented views and the local ones: contrastive pretraining
  kCropAndFlip,    ///< one random crop, perhaps flipped: training a linear probe
  kEvaluation,     ///< one centred view: features, accuracy
};

/// What a loader delivers, and how.
struct LoaderOptions {
  Transform transform = Transform::kTrainingViews;
  AugmentSettings augment;
  PixelFormat format = PixelFormat::kFloat32;
  int64_t batch_size = 256;
  uint64_t seed = 0;
  bool shuffle = true;        ///< a new order every epoch; else 0, 1, 2, ...
  int64_t shuffle_block = 0;  ///< images a run of neighbours that stay near each other (epoch_order); 0: none
  bool keep_last = false;     ///< also deliver the last, smaller batch of an epoch
  uint32_t first_epoch = 0;   ///< where to begin (resume)
  uint32_t end_epoch = 1;     ///< one past the last epoch
  uint64_t first_batch = 0;   ///< batches of the first epoch to leave out (resume)
  int64_t part = 0;           ///< of every batch deliver only part `part` of `parts` (share_of): one process of several
  int64_t parts = 1;
  int64_t workers = 2;
  bool skip_bad = false;          ///< replace an undecodable image by the next good one instead of throwing
  bool yield_to_trainer = false;  ///< lower the workers' priority, for training on the same cores
  NoticeSink notice = [](const std::string&) {};
  BatchMemory memory;  ///< of the batches' pixels and labels; null: plain memory
  /// Called on the consumer's thread before the memory of the batch that it got last is written to again, or given up:
  /// for who still reads it elsewhere, to wait for that. May be null.
  std::function<void()> before_reuse;
};

/// One batch, valid until the next call of next(), or as long as Loader::keep() says. Views come one after the other:
/// all of view a, then all of view b; so do the local ones.
struct Batch {
  uint32_t epoch = 0;
  uint64_t number = 0;  // within the epoch
  int64_t count = 0;    // images
  PixelFormat format = PixelFormat::kFloat32;
  int64_t views = 0;             // 1 or 2
  const void* images = nullptr;  // (views, count, image_size, image_size, 3) of the format
  int64_t local_views = 0;
  const void* local_images = nullptr;  // (local_views, count, local_size, local_size, 3)
  const int64_t* labels = nullptr;     // (count)
  const uint32_t* indices = nullptr;   // (count) places in the source, of what was loaded (skip_bad)
};

/// Decodes and augments ahead of the consumer on its own threads. A worker takes one image at a time, decodes it once
/// and writes all its views into the batch's slot, so nothing is copied or queued; a ring of batches gives
/// back-pressure. What a batch holds depends on (seed, epoch, image) alone: not on workers, timing or where a run
/// began. The workers never call torch.
class Loader {
 public:
  /// `source` must outlive the loader. Throws InputError when the batch is larger than the data (unless keep_last).
  Loader(const Source& source, const LoaderOptions& options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  uint64_t batches_per_epoch() const;
  /// Images replaced so far because they could not be decoded.
  uint64_t skipped() const;

  /// The next batch in order; false after the last. Throws what a worker threw (InputError naming the image).
  bool next(Batch& batch);

  /// The memory of the batch that next() gave last: it stays as it is while the result lives, also beyond the loader,
  /// which goes on in other memory (LoaderOptions::memory). Null where there is no such batch, or it was kept before.
  std::shared_ptr<const void> keep();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace directclr::data
