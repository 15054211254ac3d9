#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "directclr/core/process_environment.h"
#include "directclr/plan/cost_model.h"
#include "directclr/report/spectrum_inputs.h"
#include "directclr/settings/eval_settings.h"
#include "directclr/settings/explain_settings.h"
#include "directclr/settings/foreign_encoder.h"
#include "directclr/settings/open_settings.h"
#include "directclr/settings/run_directory.h"
#include "directclr/settings/train_settings.h"

// The program is in two parts. The executable reads the command line and does what needs no tensors; it does not link
// to libtorch, whose loading takes a third of a second and whose OpenMP runtime reads its settings from the environment
// once, when it is loaded. What needs tensors is in a shared library that is loaded on demand, after the environment
// has been put right. This header is the seam: one table of typed functions.

namespace directclr::cli {

struct TrainRequest {
  settings::TrainSettings settings;
  std::filesystem::path out;
  settings::StartMode mode = settings::StartMode::kNew;
  std::string command_line;
  ProcessEnvironment environment;
};

// The fields of these requests that are settings, each with its `describe`, are options of the command.

/// What the commands that look at a finished run, or at an encoder's weights, have in common.
struct RunRequest : settings::OpenSettings {
  std::filesystem::path run;         ///< its directory, or a file of weights
  settings::ForeignEncoder foreign;  ///< of a file of weights
  std::filesystem::path results;     ///< of a file of weights: where results go; empty: FILE.evaluation
  ProcessEnvironment environment;
  bool of_weights() const { return !std::filesystem::is_directory(run); }
};

struct ProbeRequest {
  RunRequest base;
  settings::ProbeSettings settings;
  void describe(FieldList& f) {
    base.describe(f);
    settings.describe(f);
  }
};

struct KnnRequest {
  RunRequest base;
  settings::KnnSettings settings;
  void describe(FieldList& f) {
    base.describe(f);
    settings.describe(f);
  }
};

struct EvaluateRequest {
  RunRequest base;
  settings::EvaluationSettings settings;
  void describe(FieldList& f) {
    base.describe(f);
    settings.describe(f);
  }
};

struct EmbedRequest {
  RunRequest base;
  report::LayerSettings settings;
  std::filesystem::path out;
  void describe(FieldList& f) {
    base.describe(f);
    settings.describe(f);
  }
};

struct SpectrumRequest {
  RunRequest base;                            ///< its `run` is each of the inputs in turn
  std::vector<std::filesystem::path> inputs;  ///< run directories and files of embeddings
  report::SpectrumSettings settings;
  std::filesystem::path out;  ///< folder for results, figures and the page; empty: print only
  void describe(FieldList& f) {
    base.describe(f);
    settings.describe(f);
  }
};

struct ExplainRequest {
  RunRequest base;
  settings::ExplainSettings settings;
  std::filesystem::path out;    ///< empty: the run's folder `explain`, or FILE.explain beside a file
  settings::LossSettings loss;  ///< of a file of weights
  /// Whether it goes into the run's directory.
  bool in_run() const { return out.empty() && !base.of_weights(); }
  void describe(FieldList& f) {
    base.describe(f);
    settings.describe(f);
  }
};

struct BenchRequest {
  settings::TrainSettings settings;
  bool with_data = false;  ///< the settings name data: the loader is measured too
  int64_t images = 64;
  double seconds = 3;
  bool between_nodes = false;
  std::filesystem::path out;  ///< empty: print only
  ProcessEnvironment environment;
};

/// Each does its work, prints its result through the console, and throws on failure. `measure_run`
/// gives the layer of request.base.run on rank 0, and nothing on the others.
struct Engine {
  void (*train)(const TrainRequest&, Console&);
  void (*probe)(const ProbeRequest&, Console&);
  void (*knn)(const KnnRequest&, Console&);
  void (*evaluate)(const EvaluateRequest&, Console&);
  void (*embed)(const EmbedRequest&, Console&);
  std::optional<report::MeasuredInput> (*measure_run)(const SpectrumRequest&, Console&);
  void (*explain)(const ExplainRequest&, Console&);
  plan::Machine (*measure_step)(const BenchRequest&, Console&);
  void (*bench_step)(const BenchRequest&, Console&);
  void (*bench_comm)(const BenchRequest&, Console&);
};

/// Loads the tensor part (once) and gives its table. Throws Error when the library cannot be loaded.
const Engine& load_engine();

}  // namespace directclr::cli

extern "C" const directclr::cli::Engine* directclr_engine();
