#include "torch_threads.h"

#include <dlfcn.h>
#include <sys/types.h>
#include <unistd.h>

#include "directclr/core/loop_ranges.h"
#include "directclr/core/parallel.h"

namespace directclr::python {
namespace {

// What GCC makes of "#pragma omp parallel"; LLVM's and Intel's runtimes have it as well. Calls `member` on every thread
// of a team of so many, the caller among them, and returns when all have.
using OpenMpParallel = void (*)(void (*member)(void*), void* data, unsigned threads, unsigned flags);

const pid_t process = ::getpid();

OpenMpParallel openmp_parallel() {
  static const auto found = reinterpret_cast<OpenMpParallel>(::dlsym(RTLD_DEFAULT, "GOMP_parallel"));
  return ::getpid() == process ? found : nullptr;
}

}  // namespace

void for_on_torch_threads(size_t threads, size_t count, size_t grain,
                          const std::function<void(size_t first, size_t last)>& job) {
  const OpenMpParallel parallel = openmp_parallel();
  if (!parallel || threads <= 1 || count <= grain) {
    const ThreadLimit limit(threads);
    parallel_for(count, grain, job);
    return;
  }
  LoopRanges ranges(count, grain, job);
  // The whole team, even for fewer ranges: a smaller one would end the threads that it leaves out.
  parallel([](void* loop) { static_cast<LoopRanges*>(loop)->work(); }, &ranges, static_cast<unsigned>(threads), 0);
  ranges.rethrow_failure();
}

}  // namespace directclr::python
