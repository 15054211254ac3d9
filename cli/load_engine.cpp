#include <dlfcn.h>

#include <cstdlib>
#include <string>

#include "cli/engine/engine.h"
#include "cli/packaged_engine.h"
#include "directclr/core/error.h"
#include "directclr/core/memory.h"

namespace directclr::cli {

const Engine& load_engine() {
  static const Engine* engine = [] {
    // libgomp's threads spin for milliseconds after each parallel loop, on the very cores that the loader's threads
    // need: two trainings on 2 cores ran five times slower so. Not spinning at all (OMP_WAIT_POLICY=passive) costs a
    // third of a step, which has hundreds of short loops; some ten microseconds is the best of both
    // (docs/measurements.md). libgomp reads this when it is loaded, below. Who has set either variable has the last
    // word.
    if (!std::getenv("OMP_WAIT_POLICY")) ::setenv("GOMP_SPINCOUNT", "5000", /*overwrite=*/0);
    // c10d would print what we report ourselves, with a backtrace each time.
    ::setenv("TORCH_CPP_LOG_LEVEL", "FATAL", /*overwrite=*/0);
    keep_freed_memory();
    // The Python package's launcher says where packages are.
    const char* package = std::getenv("DIRECTCLR_ENGINE");
    const char* torch = std::getenv("DIRECTCLR_TORCH");
    const std::string name = "libdirectclr_engine.so";
    void* library =
        package ? open_packaged_engine(package, torch ? torch : "") : ::dlopen(name.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (!library) {
      const std::string why = ::dlerror();
      if (why.starts_with(name + ": cannot open")) {
        throw InputError("libtorch", "this build leaves it out, and training, evaluation and explanations need it",
                         "run tools/setup, then cmake --preset release and cmake --build --preset release");
      }
      throw Error("cannot load the tensor library: " + why);
    }
    auto* get = reinterpret_cast<decltype(&directclr_engine)>(::dlsym(library, "directclr_engine"));
    if (!get) throw Error("libdirectclr_engine.so is not the one this program was built with");
    return get();
  }();
  return *engine;
}

}  // namespace directclr::cli
