#include "directclr/settings/loss_settings.h"

#include "directclr/settings/losses.h"

namespace directclr::settings {

void LossSettings::describe(FieldList& f) {
  f.section("loss");
  f.add("loss", loss, losses().help(), losses().names());
  f.add("tau", tau, 1e-3, 100, "infonce, ntxent, spectral: temperature");
  f.add("align_weight", align_weight, 0, 1e6, "align-uniform: weight of the alignment of the two views");
  f.add("uniform_weight", uniform_weight, 0, 1e6, "align-uniform: weight of the uniformity over images");
  f.add("uniform_t", uniform_t, 1e-3, 100, "align-uniform: factor of the squared distances in the uniformity");
  f.add("barlow_lambda", barlow_lambda, 0, 1e6, "barlow-twins: weight of the off-diagonal correlations");
  f.add("vicreg_invariance", vicreg_invariance, 0, 1e6, "vicreg: weight of the distance between the two views");
  f.add("vicreg_variance", vicreg_variance, 0, 1e6, "vicreg: weight of standard deviations below 1");
  f.add("vicreg_covariance", vicreg_covariance, 0, 1e6, "vicreg: weight of the off-diagonal covariances");
}

}  // namespace directclr::settings
