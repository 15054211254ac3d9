#pragma once

#include <string>

#include "directclr/core/table.h"
#include "directclr/settings/model_settings.h"

namespace directclr::settings {

/// A ResNet that has a name of its own.
struct Architecture {
  std::string name;
  EncoderSettings::Shape shape;
};

/// Every named `--arch`, all of He et al. 2016. Others are written out, as in "bottleneck:2,2,2,2:16".
const Table<Architecture>& architectures();

/// How an encoder ends, behind the sum of its last residual block.
struct EncoderEnd {
  std::string name;
  std::string help;
  bool relu;  ///< before the average over the map
  bool norm;  ///< batch norm of the average, with weight and bias, named "norm"
};

/// Every `--encoder-end`. torchvision's and the paper's is "relu".
const Table<EncoderEnd>& encoder_ends();

}  // namespace directclr::settings
