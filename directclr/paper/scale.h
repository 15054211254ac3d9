#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "directclr/settings/eval_settings.h"
#include "directclr/settings/train_settings.h"

namespace directclr::paper {

/// How large an experiment is: what all runs of a suite have in common. Only projector, d0 and seed differ between
/// them.
struct Scale {
  std::string name;
  std::string purpose;  ///< one line: what it is for
  settings::TrainSettings train;
  std::set<std::string> given;  ///< names of settings that this scale fixes (TrainSettings::resolve)
  settings::EvaluationSettings evaluation;
  int64_t seeds = 1;
  std::vector<double> sweep;   ///< Figure 12: d0 as shares of D, ascending; 1 stands for no projector
  bool one_at_a_time = false;  ///< a run fills a device (or many); else runs of one thread side by side
  int64_t assumed_images = 0;  ///< size of the data that it is meant for, to predict without having them
};

/// "smoke", "cpu", "gpu", "paper".
std::vector<std::string> scale_names();

/// Throws InputError for an unknown name, naming the nearest.
Scale scale_named(const std::string& name);

}  // namespace directclr::paper
