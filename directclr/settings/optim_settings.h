#pragma once

#include <cstdint>
#include <set>
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

/// What was set on top of other settings must not leave their learning rate where it does not belong. `given`: names of
/// the settings that turned `before` into `now`. Throws InputError(`where`) when they name another optimiser, whose
/// rate would be that which was set for the one before, and when they name base_lr, which the lr set before would hide.
void check_rate(const OptimSettings& before, const OptimSettings& now, const std::set<std::string>& given,
                const std::string& where);

}  // namespace directclr::settings
