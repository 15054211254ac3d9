#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "directclr/data/loader.h"

namespace directclr::eval {

/// How a loader should write pixels for a device: bytes where the way there is long (CUDA; normalised on arrival, a
/// quarter of the data), else ready numbers, bfloat16 where the network takes those.
data::PixelFormat pixel_format_for(c10::Device device, bool bfloat16);

/// The pictures of a loader's batches as tensors (views count, 3, side, side), channels last, on a device, normalised:
/// from every format the same numbers, in bfloat16 rounded.
class BatchImages {
 public:
  BatchImages(const data::AugmentSettings& augment, c10::Device device);

  /// Lets the device fetch the batches of a loader that is then made with these options while the host goes on
  /// (eval/upload.h): they lie in memory that it can read, and the loader waits for the device before it writes there
  /// again. Without this, the functions below return when the batch's memory is no longer read. Nothing changes for
  /// processors.
  void fetch_from(data::LoaderOptions& options);

  /// The batch's views, or its one. Valid as long as the batch.
  at::Tensor global_views(const data::Batch& batch) const;
  /// Its local views; undefined where it has none.
  at::Tensor local_views(const data::Batch& batch) const;
  /// Its labels, (count) int64.
  at::Tensor labels(const data::Batch& batch) const;

 private:
  struct Way;  // of the batches to the device

  at::Tensor on_device(const data::Batch& batch, const void* pixels, int64_t views, int64_t side) const;

  int64_t side_, local_side_;
  at::Tensor mean_, std_, top_;  // (3, 1, 1), (3, 1, 1) and 255, for bytes
  std::shared_ptr<Way> way_;
};

}  // namespace directclr::eval
