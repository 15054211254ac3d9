#include "directclr/report/run_results.h"

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "directclr/core/json_file.h"
#include "directclr/core/run_id.h"
#include "directclr/core/text.h"
#include "directclr/report/accuracy_result.h"
#include "directclr/report/result_file.h"

namespace directclr::report {
namespace {

namespace fs = std::filesystem;

template <class Read>
void with_json(const fs::path& path, Read read) {
  if (fs::exists(path)) read_result(path, /*version=*/1, read);
}

int64_t width_in(const Json& protocol) { return protocol.value("representation_width", int64_t{0}); }

Accuracy probe_accuracy(const Json& object) {
  const ProbeAccuracy probe = read_probe(object);
  return {probe.top1, probe.description(), width_in(probe.protocol)};
}

void read_metrics(const fs::path& path, RunResults& results) {
  if (!fs::exists(path)) return;
  const std::string text = read_file(path);
  reading_json(path, [&] {
    // What stands behind the last end of a line was cut short by a crash.
    for (const auto& line : split(text.substr(0, text.rfind('\n') + 1), '\n')) {
      if (line.empty()) continue;
      const Json entry = Json::parse(line);
      const double step = entry.value("step", 0.0);
      for (const auto& [key, value] : entry.items()) {
        if (key == "step" || !(value.is_number() || value.is_null())) continue;
        Course& course = results.metrics[key];
        if (value.is_null()) continue;
        course.steps.push_back(step);
        course.values.push_back(value.get<double>());
      }
    }
  });
}

RunResults without_files(const fs::path& path) {
  RunResults results;
  results.path = path;
  results.name = path.filename().empty() ? path.parent_path().filename().string() : path.filename().string();
  results.state = RunState::kNotBegun;
  return results;
}

}  // namespace

std::string RunResults::setting(const std::string& wanted) const {
  for (const auto& entry : config) {
    if (entry.name == wanted) return entry.text;
  }
  return "";
}

int64_t RunResults::width_of_r() const {
  if (const auto r = spectra.find("representation"); r != spectra.end()) return r->second.dimensions();
  if (spectra_log.r_dimensions > 0) return spectra_log.r_dimensions;
  for (const auto& accuracy : {probe, baseline, knn}) {
    if (accuracy && accuracy->width > 0) return accuracy->width;
  }
  return explanation && explanation->r ? explanation->r->dimensions : 0;
}

std::string RunResults::label() const {
  return "run " + name + (setting("projector") == "none" ? " (no projector)" : "");
}

const Course& RunResults::course(const std::string& metric) const {
  static const Course none;
  const auto found = metrics.find(metric);
  return found == metrics.end() ? none : found->second;
}

std::optional<double> RunResults::dead_now() const {
  const Course &dead = course("dead_r"), &rank = course("rank_r");
  const bool known = !dead.steps.empty() && (rank.steps.empty() || dead.steps.back() == rank.steps.back());
  return known ? std::optional(dead.values.back()) : std::nullopt;
}

void tell_apart(std::vector<RunResults>& runs) {
  std::map<std::string, int> times;
  for (const auto& run : runs) ++times[run.name];
  for (auto& run : runs) {
    if (times[run.name] > 1) run.name = run.path.string();
  }
}

RunResults read_results(const fs::path& path) {
  RunResults results = without_files(path);
  if (!fs::exists(path / "config.toml")) {
    throw InputError(path.string(), "is no run directory: it has no config.toml");
  }
  check_one_run(path);
  results.config = read_toml((path / "config.toml").string());
  with_json(path / "environment.json", [&](const Json& object) {
    for (const auto& [key, value] : object.items()) {
      if (key == "history") continue;  // of sessions, not of what the run is
      results.environment[key] = value.is_string() ? value.get<std::string>() : value.dump();
    }
  });
  results.state = RunState::kStopped;
  with_json(path / "DONE", [&](const Json& object) {
    results.state = RunState::kEnded;
    results.seconds = object.at("seconds").get<double>();
    results.steps = object.value("steps", 0.0);
  });
  with_json(path / "probe.json", [&](const Json& object) { results.probe = probe_accuracy(object); });
  with_json(path / "probe-random-init.json", [&](const Json& object) { results.baseline = probe_accuracy(object); });
  with_json(path / "knn.json", [&](const Json& object) {
    const KnnAccuracy knn = read_knn(object);
    results.knn = Accuracy{knn.top1, knn.description(), width_in(knn.protocol)};
  });
  for (const std::string layer : {"representation", "embedding"}) {
    const auto file = path / "spectrum" / (layer + ".json");
    if (fs::exists(file)) results.spectra[layer] = read_spectrum_result(file);
  }
  if (const auto file = path / "explain" / "explain.json"; fs::exists(file))
    results.explanation = read_explanation(file);
  read_metrics(path / "metrics.jsonl", results);
  if (const auto file = path / "spectra.jsonl"; fs::exists(file)) {
    reading_json(file, [&] { results.spectra_log = spectrum::read_spectra_log(read_file(file)); });
  }
  if (fs::exists(path / "figures" / "views.png")) results.views_png = read_file(path / "figures" / "views.png");
  if (results.state == RunState::kEnded) return results;
  if (FolderLock::owner_of(path)) {
    results.state = RunState::kAtWork;
  } else if (fs::exists(path / "DONE")) {
    return read_results(path);  // it ended while its files were read
  }
  return results;
}

RunResults read_results_or_wait(const fs::path& path) {
  const bool to_come = !fs::exists(path) || (fs::is_directory(path) && !fs::exists(path / "config.toml") &&
                                             (fs::is_empty(path) || FolderLock::owner_of(path)));
  return to_come ? without_files(path) : read_results(path);
}

}  // namespace directclr::report
