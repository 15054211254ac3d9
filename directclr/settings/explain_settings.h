#pragma once

#include <cstdint>

#include "directclr/core/settings.h"

namespace directclr::settings {

/// What an explanation looks at.
struct ExplainSettings {
  int64_t images = 2048;
  int64_t batch = 0;
  bool attribution = true;
  int64_t examples = 12;

  void describe(FieldList& f) {
    f.section("explain");
    f.add("images", images, 4, 1e9,
          "training images to look at, two views each, spread evenly over those that the run was trained on");
    f.add("batch", batch, 0, 1 << 16,
          "images in a batch, over which the loss's softmax runs, at least 2; 0: the batch size of the training (256 "
          "for weights), or half of the images where they do not fill two such batches");
    f.add("attribution", attribution,
          "also measure each operation of the augmentation alone, the augmentation without each of them, and all of it "
          "weaker and stronger; each takes one more pass over the images");
    f.add("examples", examples, 0, 60, "images to show: those whose views differ most in the weak directions");
  }
};

}  // namespace directclr::settings
