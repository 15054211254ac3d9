#include "directclr/settings/finished_run.h"

#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/io/safetensors.h"

namespace directclr::settings {

std::string checksum_of_weights(const std::filesystem::path& path) {
  const auto index = io::read_safetensors_index(path);
  const auto crc = index.metadata.find("crc32c");
  return crc == index.metadata.end() ? "" : crc->second;
}

std::vector<std::string> recorded_own_parts(const RunDirectory& run) {
  std::vector<std::string> parts;
  if (!std::filesystem::exists(run.environment())) return parts;
  const auto environment = Json::try_parse(read_file(run.environment()));
  const Json* const recorded = environment ? environment->find("own_parts") : nullptr;
  if (recorded) {
    for (const auto& part : *recorded) parts.push_back(part.get<std::string>());
  }
  return parts;
}

void check_described(const RunDirectory& run) {
  for (const auto& part : recorded_own_parts(run)) {
    if (part != "encoder" && part != "projector") continue;
    throw InputError(run.path().string(), "was trained with an own " + part + ", which its settings do not describe",
                     "the program that has it can load its weights: train::load_weights");
  }
}

void check_finished(const RunDirectory& run) {
  if (!run.finished()) {
    throw InputError(run.path().string(), "the run is not finished", "train --resume --out " + run.path().string());
  }
  // DONE says with which weights the run ended. Weights are the same bytes in every repetition: they carry no id.
  const auto done = Json::try_parse(read_file(run.done()));
  const Json* const weights = done ? done->find("weights") : nullptr;
  if (!weights) return;  // of an earlier version
  for (const auto& [part, path] : {std::pair("encoder", run.encoder()), std::pair("projector", run.projector())}) {
    const std::string then = weights->value(part, ""), now = checksum_of_weights(path);
    if (now != then) {
      throw InputError(path.string(), "is not what the run ended with: checksum " + now + ", DONE says " + then,
                       "the files of two runs lie here?");
    }
  }
}

}  // namespace directclr::settings
