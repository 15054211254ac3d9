#include "cli/engine/engine.h"
#include "directclr/core/error.h"

namespace directclr::cli {

// Takes the place of load_engine.cpp in a build without libtorch.
const Engine& load_engine() {
  throw InputError("libtorch", "this build leaves it out, and training, evaluation and explanations need it",
                   "run tools/setup, then cmake --preset release and cmake --build --preset release");
}

}  // namespace directclr::cli
