#include "directclr/core/parallel.h"

#include <algorithm>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "directclr/core/error.h"

namespace directclr {

void run_in_parallel(const std::string& task, const std::string& unit, size_t count, int64_t threads,
                     const Context& context, const std::function<void(size_t)>& job) {
  std::mutex mutex;  // guards everything below and the progress sink
  size_t next = 0;
  size_t done = 0;
  std::exception_ptr failure;
  const auto work = [&] {
    while (true) {
      size_t mine = 0;
      {
        const std::lock_guard lock(mutex);
        if (next >= count || failure || context.stop_requested()) return;
        mine = next++;
      }
      try {
        job(mine);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        return;
      }
      const std::lock_guard lock(mutex);
      ++done;
      context.progress({task, done, count, unit, done, ""});
    }
  };
  const size_t wanted = threads > 0 ? static_cast<size_t>(threads) : std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < std::min(wanted, count); ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins
  if (failure) std::rethrow_exception(failure);
  if (done < count)
    throw Interrupted("stopped after " + std::to_string(done) + " of " + std::to_string(count) + " " + unit);
}

}  // namespace directclr
