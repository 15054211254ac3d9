#pragma once

#include <string>

#include "directclr/core/settings.h"

namespace directclr::settings {

struct LossSettings {
  std::string loss = "infonce";
  double tau = 0.1;  ///< of infonce, ntxent and spectral
  double align_weight = 1, uniform_weight = 1, uniform_t = 2;
  double barlow_lambda = 0.005;
  double vicreg_invariance = 25, vicreg_variance = 25, vicreg_covariance = 1;
  double similarity_memory = 1;

  void describe(FieldList& fields);
};

}  // namespace directclr::settings
