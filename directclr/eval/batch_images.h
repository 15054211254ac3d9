#pragma once

#include <ATen/core/Tensor.h>

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

  /// The batch's views, or its one. Valid as long as the batch.
  at::Tensor global_views(const data::Batch& batch) const;
  /// Its local views; undefined where it has none.
  at::Tensor local_views(const data::Batch& batch) const;

 private:
  at::Tensor on_device(const data::Batch& batch, const void* pixels, int64_t views, int64_t side) const;

  int64_t side_, local_side_;
  at::Tensor mean_, std_, top_;  // (3, 1, 1), (3, 1, 1) and 255, for bytes
};

}  // namespace directclr::eval
