#pragma once

#include <cstdint>
#include <string>

#include "directclr/core/settings.h"

namespace directclr::settings {

struct OptimSettings {
  std::string optimizer = "lars";
  double lr = 0;
  double base_lr = 0;
  double momentum = 0.9;
  double weight_decay = -1;
  double lars_eta = 0.001;
  double warmup_epochs = 10;
  double final_lr_share = 0.001;

  void describe(FieldList& fields);

  /// With the optimiser's defaults (settings/optimizers.h) filled in. Throw InputError when it is not known.
  double resolved_lr(int64_t batch_size) const;
  double resolved_weight_decay() const;
};

}  // namespace directclr::settings
