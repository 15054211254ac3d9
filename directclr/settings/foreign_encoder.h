#pragma once

#include "directclr/core/settings.h"
#include "directclr/data/augment_settings.h"
#include "directclr/settings/loss_settings.h"
#include "directclr/settings/model_settings.h"

namespace directclr::settings {

/// What must be known of an encoder that comes as weights alone. Its loss and augmentation are those it was trained
/// with, or that one thinks of training it with.
struct ForeignEncoder {
  EncoderSettings encoder;
  LossSettings loss;
  data::AugmentSettings augment;
  int64_t seed = 0;

  void describe(FieldList& f) {
    encoder.describe(f);
    loss.describe(f);
    augment.describe(f);
    f.section("views");
    f.add("seed", seed, 0, 9e15, "seed of the views");
  }
};

}  // namespace directclr::settings
