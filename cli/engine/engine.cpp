#include "cli/engine/engine.h"

#include <c10/util/Logging.h>

#include "cli/engine/commands.h"

extern "C" const directclr::cli::Engine* directclr_engine() {
  using namespace directclr::cli;
  c10::initLogging();  // reads TORCH_CPP_LOG_LEVEL (load_engine.cpp)
  static const Engine engine = {run_train,   run_probe,   run_knn,      run_evaluate,   run_embed,
                                measure_run, run_explain, measure_step, run_bench_step, run_bench_comm};
  return &engine;
}
