#include "cli/engine/engine.h"

#include "cli/engine/commands.h"

extern "C" const directclr::cli::Engine* directclr_engine() {
  using namespace directclr::cli;
  static const Engine engine = {run_train, run_probe, run_knn, run_embed, run_spectrum, run_export};
  return &engine;
}
