#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/progress.h"
#include "directclr/experiment/cluster_scripts.h"
#include "directclr/experiment/experiment.h"
#include "directclr/plan/cost_model.h"

namespace directclr::experiment {

/// What a call does with an experiment, and how.
struct Options {
  std::filesystem::path out;      ///< runs, results.json, results.html, results.md, figures
  std::vector<std::string> from;  ///< results files to make the pages from, without any run
  std::vector<std::string> only;  ///< patterns of run ids; empty: all
  std::string machine;  ///< that times are predicted for: a file of `directclr bench`, h100, v100; empty: this
  int64_t seeds = 0;    ///< 0: as the scale has it
  int64_t jobs = 0;     ///< runs at a time; 0: one a core, or one in all where the scale says so
  Cluster cluster;
  bool dry_run = false;   ///< list the runs with predicted times
  bool commands = false;  ///< write scripts for a cluster

  /// Whether anything is computed here, rather than planned or shown.
  bool runs_here() const { return !dry_run && !commands && from.empty(); }
};

/// Measures this machine at a step of training with these settings; `with_data`: their data are here.
using MeasureMachine = std::function<plan::Machine(const settings::TrainSettings& settings, bool with_data)>;

/// What a call came to.
struct Outcome {
  std::string text;                        ///< for a terminal
  std::string json;                        ///< one object
  std::optional<Interrupted> interrupted;  ///< it was asked to stop; what was there is shown all the same
  std::string failure;                     ///< which runs failed; empty: none
};

/// Plans an experiment, and carries it out, lists its runs, writes scripts or makes its pages anew, as the options say.
/// `program`: the directclr program, which trains and evaluates. Throws InputError for settings, patterns, data
/// (where they are here, images without labels among them) and files that are wrong, before any run; Error when pages
/// cannot be written.
Outcome perform(const Experiment& experiment, const Options& options, const std::filesystem::path& program,
                const std::string& command_line, const MeasureMachine& measure, const Context& context);

}  // namespace directclr::experiment
