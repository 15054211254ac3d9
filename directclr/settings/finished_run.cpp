#include "directclr/settings/finished_run.h"

#include <map>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/json.h"
#include "directclr/core/json_file.h"
#include "directclr/core/shell_word.h"
#include "directclr/io/safetensors.h"

namespace directclr::settings {

std::string checksum_of_weights(const std::filesystem::path& path) {
  const auto index = io::read_safetensors_index(path);
  const auto crc = index.metadata.find("crc32c");
  return crc == index.metadata.end() ? "" : crc->second;
}

std::vector<std::string> recorded_own_parts(const RunDirectory& run) {
  if (!std::filesystem::exists(run.environment())) return {};
  return read_json_file(run.environment(), [](const Json& environment) {
    const Json* const recorded = environment.find("own_parts");
    return recorded ? recorded->get<std::vector<std::string>>() : std::vector<std::string>();
  });
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
    throw InputError(run.path().string(), "the run is not finished",
                     "directclr train --resume --out " + shell_word(run.path().string()));
  }
  // DONE says with which weights the run ended. Weights are the same bytes in every repetition: they carry no id.
  using Checksums = std::map<std::string, std::string>;
  const auto weights = read_json_file(run.done(), [](const Json& done) {
    if (!done.is_object()) throw JsonError("it holds no object");
    const Json* const recorded = done.find("weights");
    return recorded ? recorded->get<Checksums>() : Checksums();
  });
  if (weights.empty()) return;  // of an earlier version
  for (const auto& [part, path] : {std::pair("encoder", run.encoder()), std::pair("projector", run.projector())}) {
    const auto found = weights.find(part);
    const std::string then = found == weights.end() ? "" : found->second, now = checksum_of_weights(path);
    if (now != then) {
      throw InputError(path.string(), "is not what the run ended with: checksum " + now + ", DONE says " + then,
                       "the files of two runs lie here?");
    }
  }
}

}  // namespace directclr::settings
