#include "directclr/settings/run_directory.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "directclr/core/error.h"
#include "directclr/core/run_id.h"
#include "directclr/core/text.h"

namespace directclr::settings {

namespace fs = std::filesystem;

namespace {

// What a training writes besides config.toml and the event file, and what comes at its end or later.
constexpr std::array kOfTraining = {"metrics.jsonl", "spectra.jsonl", "best.safetensors",
                                    "checkpoints",   "figures",       "environment.json"};
constexpr std::array kOfResults = {
    "DONE",       "evaluation.json", "knn.json", "report.html",         "report.figures",
    "watch.html", "explain",         "spectrum", "encoder.safetensors", "projector.safetensors"};

bool is_probe(std::string_view name) { return name.starts_with("probe") && name.ends_with(".json"); }

}  // namespace

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
  for (const char* name : kOfTraining) fs::remove_all(path_ / name);
  fs::remove(events());
  fs::remove(config());
}

void RunDirectory::clear_results() const {
  for (const char* name : kOfResults) fs::remove_all(path_ / name);
  std::vector<fs::path> probes;  // the run's own, its baseline's, those of sub-vectors
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (is_probe(entry.path().filename().string())) probes.push_back(entry.path());
  }
  for (const auto& probe : probes) fs::remove(probe);
}

bool RunDirectory::owns(const fs::path& file) const {
  const fs::path inside =
      fs::weakly_canonical(fs::absolute(file)).lexically_relative(fs::weakly_canonical(fs::absolute(path_)));
  if (inside.empty()) return false;
  const std::string name = inside.begin()->string();
  const auto is_name = [&](const char* own) { return name == own; };
  return std::ranges::any_of(kOfTraining, is_name) || std::ranges::any_of(kOfResults, is_name) ||
         name == config().filename() || name == events().filename() || is_probe(name);
}

}  // namespace directclr::settings
