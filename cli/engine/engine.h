#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "directclr/core/json.h"
#include "directclr/core/process_environment.h"
#include "directclr/plan/cost_model.h"
#include "directclr/settings/eval_settings.h"
#include "directclr/settings/explain_settings.h"
#include "directclr/settings/foreign_encoder.h"
#include "directclr/settings/run_directory.h"
#include "directclr/settings/train_settings.h"
#include "directclr/spectrum/analysis.h"
#include "directclr/spectrum/verdict.h"

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

/// What the commands that look at a finished run have in common.
struct RunRequest {
  std::filesystem::path run;
  std::string data;  ///< empty: the data that the run was trained on
  std::string device = "auto";
  int64_t threads = 0;
  int64_t workers = 0;
  bool skip_bad = false;
  ProcessEnvironment environment;
};

struct ProbeRequest {
  RunRequest base;
  settings::ProbeSettings settings;
};

struct KnnRequest {
  RunRequest base;
  settings::KnnSettings settings;
};

struct EvaluateRequest {
  RunRequest base;
  settings::EvaluationSettings settings;
};

struct EmbedRequest {
  RunRequest base;
  std::string layer = "representation";
  std::string split = "test";
  std::filesystem::path out;
};

struct SpectrumRequest {
  RunRequest base;                            ///< its `run` is each of the inputs in turn
  std::vector<std::filesystem::path> inputs;  ///< run directories and files of embeddings
  std::string layer = "representation";
  std::string split = "test";
  spectrum::AnalysisSettings analysis;
  int64_t limit = 0;  ///< images or rows at most; 0: all
  // Of a file of embeddings in place of a run directory:
  std::string tensor;         ///< which one of a .safetensors file; empty: its only matrix
  std::filesystem::path out;  ///< folder for spectrum.{json,csv,gp,svg}; empty: print only
  bool explain = false;
  bool weights = false;    ///< the matrices of checkpoints in place of embeddings
  bool exact = false;      ///< their singular values by linalg::SvdMethod::kExact
  bool cka = false;        ///< also the likeness of every two inputs
  std::string fail_under;  ///< spectrum::parse_floors; empty: none
  spectrum::VerdictSettings verdict;
};

/// A run's layer, measured.
struct RunRows {
  spectrum::RowAnalysis rows;  ///< those of all processes
  std::string name;            ///< of the run
  std::string projector;
  std::filesystem::path folder;  ///< where the run keeps its spectra
  Json protocol;                 ///< how the rows were obtained
};

struct ExplainRequest {
  RunRequest base;
  settings::ExplainSettings settings;
  std::filesystem::path out;         ///< empty: the run's folder `explain`, or FILE.explain beside a file
  settings::ForeignEncoder foreign;  ///< when base.run is a file of weights
};

struct ExportRequest {
  std::filesystem::path run;
  std::filesystem::path out;
  bool projector = false;
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

/// Each does its work, prints its result through the console, and throws on failure. `run_rows` gives the rows of
/// request.base.run on rank 0, and nothing on the others.
struct Engine {
  void (*train)(const TrainRequest&, Console&);
  void (*probe)(const ProbeRequest&, Console&);
  void (*knn)(const KnnRequest&, Console&);
  void (*evaluate)(const EvaluateRequest&, Console&);
  void (*embed)(const EmbedRequest&, Console&);
  std::optional<RunRows> (*run_rows)(const SpectrumRequest&, Console&);
  void (*explain)(const ExplainRequest&, Console&);
  void (*export_weights)(const ExportRequest&, Console&);
  plan::Machine (*measure_step)(const BenchRequest&, Console&);
  void (*bench_step)(const BenchRequest&, Console&);
  void (*bench_comm)(const BenchRequest&, Console&);
};

/// Loads the tensor part (once) and gives its table. Throws Error when the library cannot be loaded.
const Engine& load_engine();

}  // namespace directclr::cli

extern "C" const directclr::cli::Engine* directclr_engine();
