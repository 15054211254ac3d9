#pragma once

#include "directclr/core/settings.h"
#include "directclr/data/augment_settings.h"
#include "directclr/settings/model_settings.h"

namespace directclr::settings {

/// What must be known of an encoder that comes as weights alone. Its augmentation is that it was trained with, or that
/// one thinks of training it with; evaluations take from it how images are resized, cut and normalised.
struct ForeignEncoder {
  EncoderSettings encoder;
  data::AugmentSettings augment;
  int64_t seed = 0;
  std::string prefix;

  void describe(FieldList& f) {
    encoder.describe(f);
    augment.describe(f);
    f.section("weights");
    f.add("prefix", prefix,
          "of a checkpoint that holds several networks, the one whose tensor names begin with this (module.encoder_k). "
          "Empty: the trained network, not its moving average (encoder_k, teacher, momentum, ema)");
    f.section("views");
    f.add("seed", seed, 0, 9e15, "of weights: decides random crops, and the order of a probe's images");
  }
};

}  // namespace directclr::settings
