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

}  // namespace directclr::settings
