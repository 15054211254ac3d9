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
  std::string prefix;

  void describe(FieldList& f) {
    encoder.describe(f);
    loss.describe(f);
    augment.describe(f);
    f.section("weights");
    f.add(
        "prefix", prefix,
        "of a checkpoint that holds several networks the one whose tensors' names begin so (module.encoder_k); empty: "
        "not the one that follows another (encoder_k, teacher, momentum, ema)");
    f.section("views");
    f.add("seed", seed, 0, 9e15, "seed of the views");
  }
};

}  // namespace directclr::settings
