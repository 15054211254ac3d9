#pragma once

#include <string>

#include "directclr/core/settings.h"

namespace directclr::settings {

struct LossSettings {
  std::string loss = "infonce";
  double tau = 0.1;
  double similarity_memory = 1;

  void describe(FieldList& fields);
};

}  // namespace directclr::settings
