#include "directclr/experiment/run_plan.h"

#include <fnmatch.h>

#include <algorithm>
#include <set>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::experiment {
namespace {

// How a run is carried out and watched does not make it another run; nor does a setting that it leaves alone, so that
// runs of before a setting came to be are still known.
uint64_t identity(settings::TrainSettings settings) {
  uint64_t hash = fnv1a("");
  settings::TrainSettings untouched;
  const FieldList fields = fields_of(settings), defaults = fields_of(untouched);
  for (size_t i = 0; i < fields.fields().size(); ++i) {
    const auto& field = fields.fields()[i];
    if (field.section == "run" || field.section == "monitor" || field.text() == defaults.fields()[i].text()) continue;
    hash = fnv1a(field.name + "=" + field.text() + "\n", hash);
  }
  return hash;
}

PlannedRun planned_run(const Variant& variant, const Scale& scale, int64_t seed) {
  PlannedRun run{"", variant.name, seed, scale.train, scale.evaluation};
  FieldList fields = fields_of(run.train);
  std::set<std::string> own;
  const std::string where = "variant " + variant.name;
  for (const auto& [name, value] : variant.settings) {
    Field* field = fields.find(name);
    if (!field) {
      const std::string near = nearest(name, fields.names());
      throw InputError(where, "'" + name + "' is no training setting",
                       near.empty() ? "" : "did you mean '" + near + "'?");
    }
    field->set(value, where + ": " + name);
    own.insert(name);
  }
  check_rate(scale.train.optimizer, run.train.optimizer, own, where);
  std::set<std::string> given = scale.given;
  given.insert(own.begin(), own.end());
  run.train.seed = seed;
  run.evaluation.probe.dims = variant.dims;
  try {
    run.train.resolve(given);
  } catch (const InputError& error) {
    throw InputError(where, error.what());
  }
  run.id = format("%s-s%lld-%08llx", variant.name.c_str(), static_cast<long long>(seed),
                  static_cast<unsigned long long>(identity(run.train) >> 32));
  return run;
}

}  // namespace

int64_t RunPlan::images_of(const settings::TrainSettings& train) const {
  return train.limit > 0 ? std::min(train.limit, images) : images;
}

int64_t RunPlan::images_trained_on(const PlannedRun& run) const {
  return run.train.epochs * (images_of(run.train) / run.train.batch_size) * run.train.batch_size;
}

RunPlan plan_runs(const std::vector<Suite>& suites, const Scale& scale, int64_t seeds, int64_t images) {
  RunPlan plan{scale, {}, {}, {}, images};
  plan.scale.train.resolve(plan.scale.given);
  plan.widths = plan.scale.widths();
  std::set<std::string> known;
  for (const auto& suite : suites) {
    if (!suite.variants) continue;
    for (auto& variant : suite.variants(plan.widths)) {
      if (!known.insert(variant.name).second) continue;
      for (const auto& setting : variant.settings) plan.scale.varied.insert(setting.first);
      plan.variants.push_back(std::move(variant));
    }
  }
  for (int64_t seed = 0; seed < seeds; ++seed) {
    for (const auto& variant : plan.variants) plan.runs.push_back(planned_run(variant, scale, seed));
  }
  return plan;
}

std::vector<PlannedRun> runs_matching(const RunPlan& plan, const std::vector<std::string>& patterns) {
  const auto matches = [](const std::string& pattern, const PlannedRun& run) {
    return ::fnmatch(pattern.c_str(), run.id.c_str(), 0) == 0;
  };
  for (const auto& pattern : patterns) {
    if (std::any_of(plan.runs.begin(), plan.runs.end(), [&](const auto& run) { return matches(pattern, run); })) {
      continue;
    }
    throw InputError("'" + pattern + "'", "matches no run", "--dry-run lists their names, as in " + plan.runs.at(0).id);
  }
  std::vector<PlannedRun> found;
  for (const auto& run : plan.runs) {
    const bool wanted = std::any_of(patterns.begin(), patterns.end(), [&](const auto& p) { return matches(p, run); });
    if (patterns.empty() || wanted) found.push_back(run);
  }
  return found;
}

}  // namespace directclr::experiment
