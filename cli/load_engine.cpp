#include <dlfcn.h>

#include <cstdlib>

#include "cli/engine/engine.h"
#include "directclr/core/error.h"

namespace directclr::cli {

const Engine& load_engine() {
  static const Engine* engine = [] {
    // OpenMP threads otherwise spin for milliseconds after each parallel loop, on the very cores that the loader's
    // threads need (two such trainings on 2 cores ran five times slower). Read when libgomp is loaded, below.
    ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
    void* library = ::dlopen("libdirectclr_engine.so", RTLD_NOW | RTLD_GLOBAL);
    if (!library) throw Error(std::string("cannot load the tensor library: ") + ::dlerror());
    auto* get = reinterpret_cast<decltype(&directclr_engine)>(::dlsym(library, "directclr_engine"));
    if (!get) throw Error("libdirectclr_engine.so is not the one this program was built with");
    return get();
  }();
  return *engine;
}

}  // namespace directclr::cli
