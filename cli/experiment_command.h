#pragma once

#include <CLI/App.hpp>
#include <initializer_list>
#include <set>
#include <string>

#include "cli/program.h"
#include "directclr/experiment/flow.h"

// What `reproduce` and `experiment` have in common: their options, and carrying an experiment out.

namespace directclr::cli {

struct ExperimentCommand {
  SettingOptions settings;
  experiment::Options options;
  std::string out;
  std::string config;

  /// --out, --seeds, --jobs, --dry-run, .. and one option for each training setting.
  void add_to(CLI::App& command);

  /// Puts the file of --config and the command line's settings on top of the experiment's and does what the options
  /// ask for. Throws InputError for an option that sets one of `varied`, which differ between the runs; Interrupted
  /// and Error after the pages are shown.
  void perform(experiment::Experiment experiment, const std::set<std::string>& varied, const Program& program,
               Console& console) const;
};

}  // namespace directclr::cli
