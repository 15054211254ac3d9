#include "directclr/settings/loss_settings.h"

#include "directclr/settings/losses.h"

namespace directclr::settings {

void LossSettings::describe(FieldList& f) {
  f.section("loss");
  f.add("loss", loss, losses().help(), losses().names());
  f.add("tau", tau, 1e-3, 100, "temperature");
}

}  // namespace directclr::settings
