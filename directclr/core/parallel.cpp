#include "directclr/core/parallel.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/loop_ranges.h"

namespace directclr {
namespace {

thread_local size_t limit_of_this_thread = 0;  // 0: the number of cores

// Looks at a condition for some ten microseconds: waking a sleeping thread takes longer.
template <class Condition>
bool soon(const Condition& condition) {
  for (int look = 0; look < 1000; ++look) {
    if (condition()) return true;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  return condition();
}

struct Loop {
  LoopRanges ranges;
  size_t threads;
  size_t places;                   // for threads that may still join; guarded by the pool's mutex
  std::atomic<size_t> joined = 0;  // threads of the pool at work on it

  void work() {
    const ThreadLimit limit(threads);
    ranges.work();
  }
};

class Pool {
 public:
  // The pool of this process. It is never destroyed: at the end of the program its threads sleep on what it holds.
  static Pool& instance() {
    static std::atomic<Pool*> current = nullptr;
    Pool* pool = current.load();
    while (!pool || pool->process_ != ::getpid()) {
      auto* const made = new Pool;
      if (current.compare_exchange_strong(pool, made)) return *made;
      delete made;
    }
    return *pool;
  }

  void run(Loop& loop) {
    const size_t wanted = loop.places;  // which shrink as soon as threads can see the loop
    {
      const std::lock_guard lock(mutex_);
      while (threads_ < wanted) {
        std::thread([this] { serve(); }).detach();
        ++threads_;
      }
      loops_.push_back(&loop);
      begun_.fetch_add(1);
    }
    for (size_t i = 0; i < wanted && asleep_.load() > 0; ++i) work_.notify_one();
    loop.work();
    std::unique_lock lock(mutex_);
    loops_.erase(std::find(loops_.begin(), loops_.end(), &loop));
    lock.unlock();  // nobody joins any more
    const auto left = [&] { return loop.joined.load() == 0; };
    if (!soon(left)) {
      lock.lock();
      done_.wait(lock, left);
    }
  }

 private:
  void serve() {
    while (true) {
      const uint64_t seen = begun_.load();
      if (Loop* const loop = join_one()) {
        loop->work();
        leave(*loop);
        continue;
      }
      if (soon([&] { return begun_.load() != seen; })) continue;
      std::unique_lock lock(mutex_);
      ++asleep_;
      work_.wait(lock, [&] { return begun_.load() != seen; });
      --asleep_;
    }
  }

  // The loop begun last that has something left to do and a place.
  Loop* join_one() {
    const std::lock_guard lock(mutex_);
    for (size_t i = loops_.size(); i-- > 0;) {
      Loop& loop = *loops_[i];
      if (loop.places == 0 || !loop.ranges.left()) continue;
      --loop.places;
      loop.joined.fetch_add(1);
      return &loop;
    }
    return nullptr;
  }

  void leave(Loop& loop) {
    if (loop.joined.fetch_sub(1) > 1) return;
    // From here on the loop may be gone.
    const std::lock_guard lock(mutex_);
    done_.notify_all();
  }

  const pid_t process_ = ::getpid();
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::vector<Loop*> loops_;         // that may be joined
  size_t threads_ = 0;               // made so far
  std::atomic<size_t> asleep_ = 0;   // changed under the mutex
  std::atomic<uint64_t> begun_ = 0;  // loops so far: what idle threads watch
};

}  // namespace

size_t parallel_threads() {
  static const size_t cores = std::max(1U, std::thread::hardware_concurrency());
  return limit_of_this_thread > 0 ? limit_of_this_thread : cores;
}

ThreadLimit::ThreadLimit(size_t threads) : before_(limit_of_this_thread) {
  if (threads > 0) limit_of_this_thread = threads;
}

ThreadLimit::~ThreadLimit() { limit_of_this_thread = before_; }

void parallel_for(size_t count, size_t grain, const std::function<void(size_t, size_t)>& job) {
  if (grain == 0) throw std::invalid_argument("[parallel_for] expected a grain of at least 1");
  const size_t ranges = count / grain + (count % grain ? 1 : 0);
  const size_t threads = std::min(parallel_threads(), ranges);
  if (threads <= 1) {
    for (size_t first = 0; first < count; first += grain) job(first, std::min(first + grain, count));
    return;
  }
  Loop loop{{count, grain, job}, parallel_threads(), threads - 1};
  Pool::instance().run(loop);
  loop.ranges.rethrow_failure();
}

void run_in_parallel(const std::string& task, const std::string& unit, size_t count, int64_t threads,
                     const Context& context, const std::function<void(size_t)>& job) {
  std::mutex mutex;  // guards `done` and the progress sink
  size_t done = 0;
  const ThreadLimit limit(static_cast<size_t>(std::max<int64_t>(threads, 0)));
  parallel_for(count, 1, [&](size_t mine, size_t) {
    if (context.stop_requested()) return;
    job(mine);
    const std::lock_guard lock(mutex);
    ++done;
    context.progress({task, done, count, unit, done, ""});
  });
  if (done < count)
    throw Interrupted("stopped after " + std::to_string(done) + " of " + std::to_string(count) + " " + unit);
}

}  // namespace directclr
