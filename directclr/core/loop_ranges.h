#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>

namespace directclr {

/// The ranges of a parallel loop, each for whichever thread takes it first: what a set of threads, wherever they come
/// from, needs to run one. core/parallel.h has the library's own.
class LoopRanges {
 public:
  /// Ranges of `grain` >= 1 indices, the last may be shorter, that cover 0 .. count - 1. `job` must outlive them.
  LoopRanges(size_t count, size_t grain, const std::function<void(size_t first, size_t last)>& job)
      : job_(job), count_(count), grain_(grain) {}

  /// Takes ranges until none is left; called by every thread that works on the loop. What a job throws is kept, and no
  /// range is left after it.
  void work() noexcept {
    while (true) {
      const size_t first = next_.fetch_add(grain_);
      if (first >= count_) return;
      try {
        job_(first, std::min(first + grain_, count_));
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        next_.store(count_);
      }
    }
  }

  /// Whether there is a range that nobody has taken.
  bool left() const { return next_.load() < count_; }

  /// Throws what the first failing job threw. Requires that all threads have returned from work().
  void rethrow_failure() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  const std::function<void(size_t, size_t)>& job_;
  const size_t count_, grain_;
  std::atomic<size_t> next_ = 0;
  std::exception_ptr failure_;  // guarded by mutex_
  std::mutex mutex_;
};

}  // namespace directclr
