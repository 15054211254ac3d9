#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/experiment/scale.h"
#include "directclr/experiment/suite.h"
#include "directclr/settings/eval_settings.h"
#include "directclr/settings/train_settings.h"

namespace directclr::experiment {

/// One training and its evaluation.
struct PlannedRun {
  std::string id;  ///< "direct-90-s0-1a2b3c4d": variant, seed, hash of every setting that decides what is computed
  std::string variant;
  int64_t seed = 0;
  settings::TrainSettings train;  ///< resolved
  settings::EvaluationSettings evaluation;
};

/// The runs of an experiment.
struct RunPlan {
  Scale scale;  ///< its settings resolved
  Widths widths;
  std::vector<PlannedRun> runs = {};   ///< each once, seed by seed
  std::vector<Variant> variants = {};  ///< each once, in the suites' order

  int64_t images = 0;  ///< of the data, all of them: what an epoch has where no limit is set
  /// Training images of an epoch.
  int64_t images_of(const settings::TrainSettings& train) const;
  /// Images that pass through a run's training, all epochs together.
  int64_t images_trained_on(const PlannedRun& run) const;
};

/// The runs of a plan whose id matches one of the patterns ("*-s2-*", "linear-*"); all of them when there is none.
/// Throws InputError when a pattern matches no run.
std::vector<PlannedRun> runs_matching(const RunPlan& plan, const std::vector<std::string>& patterns);

/// The runs that the suites need at a scale that names its data. `images`: of the data, at least 0; seeds: 0 .. n-1.
/// What a setting left open stands for is decided for each run by its own settings. Throws InputError for settings that
/// are unknown, out of range or do not go together, naming the variant.
RunPlan plan_runs(const std::vector<Suite>& suites, const Scale& scale, int64_t seeds, int64_t images);

}  // namespace directclr::experiment
