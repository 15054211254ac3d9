#include "directclr/paper/run_plan.h"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::paper {
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

Widths widths_of(const Scale& scale) {
  Widths widths{scale.train.encoder.shape().representation(), 0, {}};
  widths.d0 = scale.train.projector.resolved_d0(widths.representation);
  std::set<int64_t> values;
  for (const double share : scale.sweep) {
    const auto d0 = std::lround(share * static_cast<double>(widths.representation));
    values.insert(std::clamp<int64_t>(d0, 1, widths.representation));
  }
  values.insert(widths.d0);
  widths.sweep.assign(values.begin(), values.end());
  return widths;
}

}  // namespace

int64_t RunPlan::images_trained_on(const PlannedRun& run) const {
  return run.train.epochs * (images / run.train.batch_size) * run.train.batch_size;
}

RunPlan plan_runs(const std::vector<const Suite*>& suites, const Scale& scale, int64_t seeds, int64_t images) {
  RunPlan plan{scale, widths_of(scale), {}, images};
  std::set<std::string> known;
  for (int64_t seed = 0; seed < seeds; ++seed) {
    for (const Suite* suite : suites) {
      for (const auto& variant : suite->variants(plan.widths)) {
        PlannedRun run{"", variant.name, seed, scale.train, scale.evaluation};
        FieldList fields = fields_of(run.train);
        for (const auto& [name, value] : variant.settings) fields.find(name)->set(value, variant.name);
        run.train.seed = seed;
        run.evaluation.probe.dims = variant.dims;
        run.id = format("%s-s%lld-%08llx", variant.name.c_str(), static_cast<long long>(seed),
                        static_cast<unsigned long long>(identity(run.train) >> 32));
        if (known.insert(run.id).second) plan.runs.push_back(std::move(run));
      }
    }
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

}  // namespace directclr::paper
