#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/progress.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/loader.h"
#include "directclr/data/source.h"

namespace directclr::causes {

/// Representations of two augmented views of images, in batches of random images.
struct ViewFeatures {
  array::Array a;                ///< (N, D) float64: view a of each image
  array::Array b;                ///< (N, D): view b
  std::vector<uint64_t> places;  ///< (N) in the source
  int64_t batch = 0;             ///< rows that belong together; N is a multiple of it

  int64_t batches() const { return a.size(0) / batch; }
};

/// An encoder in evaluation mode, so that an image's row does not hang on the others of its batch: representations
/// (2n, D) of a batch's n images, floating, view a of all, then view b. The batch is valid during the call alone.
using Encode = std::function<array::Array(const data::Batch& batch, const Context& context)>;

struct ViewOptions {
  int64_t batch = 256;
  uint64_t seed = 0;
  int64_t workers = 2;
  bool skip_bad = false;
  bool yield_to_trainer = false;
  data::PixelFormat format = data::PixelFormat::kFloat32;
  std::string task = "views";
};

/// Runs the encoder over two views of every image, as the first epoch of a training with this seed on this source would
/// draw them, in its order. An incomplete last batch is left out. Throws InputError when there is no whole batch or the
/// encoder gives other shapes, Interrupted when asked to stop.
ViewFeatures view_features(const Encode& encode, const data::Source& source, const data::AugmentSettings& augment,
                           const ViewOptions& options, const Context& context);

}  // namespace directclr::causes
