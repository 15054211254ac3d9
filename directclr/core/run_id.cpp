#include "directclr/core/run_id.h"

#include <fstream>
#include <random>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"

namespace directclr {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDigits = 16;
constexpr std::string_view kTitle = "directclr run ";

std::string first_line_of(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line;
}

std::string id_in_json(const std::string& text) {
  const auto object = Json::try_parse(text);
  if (!object || !object->is_object()) return "";
  const Json* id = object->find("run_id");
  if (const Json* protocol = object->find("protocol"); !id && protocol) id = protocol->find("run_id");
  return id && id->is_string() ? id->get<std::string>() : "";
}

}  // namespace

std::string new_run_id() {
  std::random_device chance;
  return format("%08x%08x", static_cast<unsigned>(chance()), static_cast<unsigned>(chance()));
}

std::string config_title(const std::string& run_id) {
  return std::string(kTitle) + run_id +
         ": every setting, resolved; repeat it with directclr train --config THIS --out DIR";
}

std::string run_id_of(const fs::path& file) {
  if (!fs::exists(file)) return "";
  const std::string extension = file.extension().string();
  if (extension == ".jsonl") return id_in_json(first_line_of(file));
  if (extension != ".toml") return id_in_json(read_file(file));
  const std::string line = first_line_of(file);
  const size_t at = line.find(kTitle);
  const size_t end = line.find(':');
  return at == 2 && end == at + kTitle.size() + kDigits ? line.substr(at + kTitle.size(), kDigits) : "";
}

void check_one_run(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const char* name :
       {"config.toml", "environment.json", "metrics.jsonl", "spectra.jsonl", "DONE", "evaluation.json", "knn.json",
        "spectrum/representation.json", "spectrum/embedding.json", "explain/explain.json"}) {
    files.emplace_back(name);
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path name = entry.path().filename();
    if (name.string().starts_with("probe") && name.extension() == ".json") files.push_back(name);
  }
  fs::path known;
  std::string id;
  for (const auto& file : files) {
    const std::string here = run_id_of(folder / file);
    if (here.empty() || here == id) continue;
    if (!id.empty()) {
      throw InputError(
          folder.string(),
          "holds files of two runs: " + known.string() + " is of run " + id + ", " + file.string() + " of run " + here,
          "remove what does not belong here, or train anew with --overwrite");
    }
    known = file;
    id = here;
  }
}

}  // namespace directclr
