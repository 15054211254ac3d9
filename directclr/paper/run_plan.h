#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "directclr/paper/scale.h"
#include "directclr/paper/suite.h"
#include "directclr/settings/eval_settings.h"
#include "directclr/settings/train_settings.h"

namespace directclr::paper {

/// One training and its evaluation.
struct PlannedRun {
  std::string id;  ///< "direct-90-s0-1a2b3c4d": variant, seed, hash of every setting that decides what is computed
  std::string variant;
  int64_t seed = 0;
  settings::TrainSettings train;
  settings::EvaluationSettings evaluation;
};

/// What a call of `reproduce` will do.
struct RunPlan {
  Scale scale;  ///< its settings resolved
  Widths widths;
  std::vector<PlannedRun> runs;  ///< each once, seed by seed

  int64_t images = 0;  ///< training images of one epoch
  /// Images that pass through a run's training, all epochs together.
  int64_t images_trained_on(const PlannedRun& run) const;
};

/// The runs of a plan whose id matches one of the patterns ("*-s2-*", "linear-*"); all of them when there is none.
/// Throws InputError when a pattern matches no run.
std::vector<PlannedRun> runs_matching(const RunPlan& plan, const std::vector<std::string>& patterns);

/// The runs that the suites need at a scale whose settings are complete (data included). `images`: of the data.
RunPlan plan_runs(const std::vector<const Suite*>& suites, const Scale& scale, int64_t seeds, int64_t images);

}  // namespace directclr::paper
