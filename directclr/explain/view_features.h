#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/data/augment_settings.h"
#include "directclr/data/source.h"
#include "directclr/model/resnet.h"

namespace directclr::explain {

/// Representations of two augmented views of images, in batches of random images.
struct ViewFeatures {
  torch::Tensor a;               ///< (N, D) float32, CPU: view a of each image
  torch::Tensor b;               ///< (N, D): view b
  std::vector<uint64_t> places;  ///< (N) in the source
  int64_t batch = 0;             ///< rows that belong together; N is a multiple of it

  int64_t batches() const { return a.size(0) / batch; }
};

struct ViewOptions {
  int64_t batch = 256;
  uint64_t seed = 0;
  int64_t workers = 2;
  bool skip_bad = false;
  std::string task = "views";
};

/// Runs the encoder in evaluation mode (so that an image's row does not hang on the others of its batch) over two
/// views of every image, as the first epoch of a training with this seed on this source would draw them, in its order.
/// An incomplete last batch is left out. Throws InputError when there is no whole batch, Interrupted when asked to
/// stop.
ViewFeatures view_features(model::ResNet encoder, const data::Source& source, const data::AugmentSettings& augment,
                           torch::Device device, const ViewOptions& options, const Context& context);

}  // namespace directclr::explain
