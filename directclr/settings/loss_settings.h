#pragma once

#include <string>

#include "directclr/core/settings.h"

namespace directclr::settings {

struct LossSettings {
  std::string loss = "infonce";
  double tau = 0.1;

  void describe(FieldList& f) {
    f.section("loss");
    f.add("loss", loss,
          "infonce: negatives are the N-1 other images of the other view (the paper); ntxent: SimCLR's 2N-2 negatives",
          {"infonce", "ntxent"});
    f.add("tau", tau, 1e-3, 100, "temperature");
  }
};

}  // namespace directclr::settings
