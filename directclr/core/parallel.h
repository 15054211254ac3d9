#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "directclr/core/progress.h"

namespace directclr {

// Parallel loops share one pool of threads, which the process keeps: threads are made when a loop first wants them and
// sleep when there is nothing to do. They are never joined, and a child of fork() makes its own.
//
// Loops may be nested, and begun by several threads at once. Whoever begins a loop works on it; idle threads of the
// pool join the loop that was begun last. So a loop never waits for a free thread, and nesting cannot deadlock.

/// How many threads a loop begun by this thread uses at most, its own included: the number of cores unless a
/// ThreadLimit says otherwise. Inside a job it is the limit of the loop that runs the job.
size_t parallel_threads();

/// While it lives, loops that this thread begins use at most `threads` threads (0: no change). More than there are
/// cores are made if asked for. Limits nest; the innermost holds.
class ThreadLimit {
 public:
  explicit ThreadLimit(size_t threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  size_t before_;
};

/// Calls job(first, last) for consecutive ranges of `grain` indices (the last may be shorter) that cover 0 .. count -
/// 1, each range once. The ranges do not depend on the number of threads, so sums kept by range do not either.
/// Requires: grain >= 1, jobs that do not depend on one another.
/// Throws what the first failing job threw, after the jobs in flight have ended and without starting others.
/// Cost: some microseconds; with one thread or one range the calls are made in place.
void parallel_for(size_t count, size_t grain, const std::function<void(size_t first, size_t last)>& job);

/// Calls job(0) .. job(count - 1) as parallel_for does with a grain of 1, on at most `threads` threads (0: as
/// parallel_threads() says), and reports progress as `task` in `unit`.
/// Throws what the first failing job threw; Interrupted when the context asks to stop, after the jobs in flight have
/// ended.
void run_in_parallel(const std::string& task, const std::string& unit, size_t count, int64_t threads,
                     const Context& context, const std::function<void(size_t)>& job);

}  // namespace directclr
