#include "directclr/settings/run_directory.h"

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/run_id.h"
#include "directclr/core/text.h"

namespace directclr::settings {

namespace fs = std::filesystem;

RunDirectory RunDirectory::open(const fs::path& path) {
  RunDirectory run(path);
  if (!fs::exists(path)) throw InputError(path.string(), "there is no such run directory");
  if (!fs::is_directory(path)) throw InputError(path.string(), "is a file, not a run directory");
  if (!run.exists()) throw InputError(path.string(), "is no run directory: it has no config.toml");
  check_one_run(path);
  return run;
}

std::string RunDirectory::id() const { return run_id_of(config()); }

fs::path RunDirectory::checkpoint(int64_t step) const {
  return path_ / "checkpoints" / ("step-" + std::to_string(step) + ".safetensors");
}

std::vector<int64_t> RunDirectory::checkpoints() const {
  std::vector<int64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path_ / "checkpoints", error)) {
    const std::string name = entry.path().filename().string();
    int64_t step = 0;
    if (name.starts_with("step-") && name.ends_with(".safetensors") &&
        parse_int(std::string_view(name).substr(5, name.size() - 5 - 12), step)) {
      steps.push_back(step);
    }
  }
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

void RunDirectory::clear() const {
  // A death on the way leaves a run that can be cleared again or resumed, never parts without config.toml.
  clear_results();
  for (const char* name :
       {"metrics.jsonl", "spectra.jsonl", "best.safetensors", "checkpoints", "figures", "environment.json"}) {
    fs::remove_all(path_ / name);
  }
  fs::remove(events());
  fs::remove(config());
}

void RunDirectory::clear_results() const {
  for (const char* name : {"DONE", "evaluation.json", "knn.json", "report.html", "report.figures", "watch.html",
                           "explain", "spectrum", "encoder.safetensors", "projector.safetensors"}) {
    fs::remove_all(path_ / name);
  }
  std::vector<fs::path> probes;  // the run's own, its baseline's, those of sub-vectors
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("probe") && name.ends_with(".json")) probes.push_back(entry.path());
  }
  for (const auto& probe : probes) fs::remove(probe);
}

}  // namespace directclr::settings
