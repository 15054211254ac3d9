#include "directclr/publish/run_weights.h"

#include "directclr/core/error.h"
#include "directclr/settings/finished_run.h"

namespace directclr::publish {

RunWeights read_run_weights(const settings::RunDirectory& run, bool best) {
  settings::check_described(run);
  RunWeights weights{run.settings(), run.id(), {}, {}};
  if (!best) {
    settings::check_finished(run);
    weights.encoder = io::read_safetensors(run.encoder());
    weights.projector = io::read_safetensors(run.projector());
    return weights;
  }
  if (!std::filesystem::exists(run.best())) {
    throw InputError(run.path().string(), "keeps no best state", "directclr train --keep-best MEASURE");
  }
  io::ArrayFile state = io::read_safetensors(run.best());
  for (auto& [name, values] : state.arrays) {
    for (auto [part, file] : {std::pair("encoder/", &weights.encoder), std::pair("projector/", &weights.projector)}) {
      if (name.starts_with(part)) file->add(name.substr(std::string(part).size()), std::move(values));
    }
  }
  return weights;
}

}  // namespace directclr::publish
