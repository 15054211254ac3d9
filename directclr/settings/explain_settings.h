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
    f.add("images", images, 4, 1e9, "training images to look at, two views each, spread evenly over the data");
    f.add("batch", batch, 0, 1 << 16,
          "images that one softmax runs over, at least 2; 0: the batch size of the training, or 256 of weights, and "
          "half of the images where these do not fill two");
    f.add("attribution", attribution,
          "repeat it with each operation of the augmentation alone, without each, and with all of them weaker and "
          "stronger: so many passes over the images more");
    f.add("examples", examples, 0, 60, "images to show whose views differ most in the weak directions");
  }
};

}  // namespace directclr::settings
