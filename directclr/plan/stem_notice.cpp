#include "directclr/plan/stem_notice.h"

#include "directclr/core/text.h"
#include "directclr/plan/cost_model.h"
#include "directclr/settings/stems.h"

namespace directclr::plan {

std::string stem_notice(const settings::TrainSettings& settings) {
  settings::TrainSettings other = settings;
  other.encoder.stem = settings.encoder.stem == "cifar" ? "imagenet" : "cifar";
  const double ours = static_cast<double>(network_cost(settings).macs_per_image);
  const double theirs = static_cast<double>(network_cost(other).macs_per_image);
  return "notice: --stem auto: " + settings::automatic_stem(settings.augment.image_size).why + "; --stem " +
         other.encoder.stem + " (" + settings::stem_layers(other.encoder.stem) + ") takes " +
         (theirs < ours ? format("a %.3gth of the arithmetic, on coarser maps", ours / theirs)
                        : format("%.3g times the arithmetic, on finer maps", theirs / ours));
}

}  // namespace directclr::plan
