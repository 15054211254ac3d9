#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "directclr/core/table.h"
#include "directclr/experiment/results.h"
#include "directclr/settings/eval_settings.h"
#include "directclr/settings/train_settings.h"

namespace directclr::experiment {

/// How large an experiment is: the settings that its runs have in common, on top of which each variant sets its own.
struct Scale {
  std::string name;  ///< empty: none of the table's, the user's own settings
  std::string help;  ///< one line: what it is for
  settings::TrainSettings train = {};
  std::set<std::string> given = {};  ///< names of settings that are set on purpose (TrainSettings::resolve)
  settings::EvaluationSettings evaluation = {};
  int64_t seeds = 1;
  std::vector<double> sweep = {};     ///< values of d0 in sweeps over it, as shares of D, ascending; 1: no projector
  bool one_at_a_time = false;         ///< a run fills a device (or many); else runs of one thread side by side
  int64_t assumed_images = 50000;     ///< size of the data that it is meant for, to predict without having them
  bool only_machinery = false;        ///< its runs show that all works; nothing is concluded from their numbers
  std::set<std::string> varied = {};  ///< names of settings that differ, or may, between variants

  /// D, d0 and the values of d0 in sweeps. Throws InputError for an unknown encoder or a d0 above D.
  Widths widths() const;
};

/// The scales that come with the program: smoke, cpu, cpu-2222, gpu, paper.
const Table<Scale>& scales();

}  // namespace directclr::experiment
