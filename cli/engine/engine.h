#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/console.h"
#include "directclr/dist/environment.h"
#include "directclr/eval/eval_settings.h"
#include "directclr/explain/explain_settings.h"
#include "directclr/explain/foreign_encoder.h"
#include "directclr/spectrum/verdict.h"
#include "directclr/train/cost_model.h"
#include "directclr/train/run_directory.h"
#include "directclr/train/train_settings.h"

// The program is in two parts. The executable reads the command line and does what needs no tensors; it does not link
// to libtorch, whose loading takes a third of a second and whose OpenMP runtime reads its settings from the environment
// once, when it is loaded. What needs tensors is in a shared library that is loaded on demand, after the environment
// has been put right. This header is the seam: one table of typed functions.

namespace directclr::cli {

struct TrainRequest {
  train::TrainSettings settings;
  std::filesystem::path out;
  train::StartMode mode = train::StartMode::kNew;
  std::string command_line;
  dist::Environment environment;
};

/// What the commands that look at a finished run have in common.
struct RunRequest {
  std::filesystem::path run;
  std::string data;  ///< empty: the data that the run was trained on
  std::string device = "auto";
  int64_t threads = 0;
  int64_t workers = 0;
  bool skip_bad = false;
  dist::Environment environment;
};

struct ProbeRequest {
  RunRequest base;
  eval::ProbeSettings settings;
};

struct KnnRequest {
  RunRequest base;
  eval::KnnSettings settings;
};

struct EvaluateRequest {
  RunRequest base;
  eval::EvaluationSettings settings;
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
  bool l2_normalize = false;
  int64_t limit = 0;  ///< images or rows at most; 0: all
  // Of a file of embeddings in place of a run directory:
  std::string tensor;         ///< which one of a .safetensors file; empty: its only matrix
  std::filesystem::path out;  ///< folder for spectrum.{json,csv,gp,svg}; empty: print only
  bool skip_nonfinite = false;
  bool explain = false;
  bool weights = false;     ///< the matrices of checkpoints in place of embeddings
  bool neighbours = false;  ///< also spectrum::neighbour_measures; the rows are held in memory
  int64_t views = 0;        ///< also spectrum::view_measures, rows in groups of so many; 0: not
  std::string compat;       ///< also spectrum::compatible_measures; empty: not
  int64_t jackknife = 0;    ///< groups of rows for standard errors; 0: none
  bool cka = false;         ///< also the likeness of every two inputs
  std::string fail_under;   ///< spectrum::parse_floors; empty: none
  spectrum::VerdictSettings verdict;
};

struct ExplainRequest {
  RunRequest base;
  explain::ExplainSettings settings;
  std::filesystem::path out;        ///< empty: the run's folder `explain`, or FILE.explain beside a file
  explain::ForeignEncoder foreign;  ///< when base.run is a file of weights
};

struct ExportRequest {
  std::filesystem::path run;
  std::filesystem::path out;
  bool projector = false;
};

struct BenchRequest {
  train::TrainSettings settings;
  bool with_data = false;  ///< the settings name data: the loader is measured too
  int64_t images = 64;
  double seconds = 3;
  bool between_nodes = false;
  std::filesystem::path out;  ///< empty: print only
  dist::Environment environment;
};

/// Each does its work, prints its result through the console, and throws on failure.
struct Engine {
  void (*train)(const TrainRequest&, Console&);
  void (*probe)(const ProbeRequest&, Console&);
  void (*knn)(const KnnRequest&, Console&);
  void (*evaluate)(const EvaluateRequest&, Console&);
  void (*embed)(const EmbedRequest&, Console&);
  void (*spectrum)(const SpectrumRequest&, Console&);
  void (*explain)(const ExplainRequest&, Console&);
  void (*export_weights)(const ExportRequest&, Console&);
  train::Machine (*measure_step)(const BenchRequest&, Console&);
  void (*bench_step)(const BenchRequest&, Console&);
  void (*bench_comm)(const BenchRequest&, Console&);
};

/// Loads the tensor part (once) and gives its table. Throws Error when the library cannot be loaded.
const Engine& load_engine();

}  // namespace directclr::cli

extern "C" const directclr::cli::Engine* directclr_engine();
