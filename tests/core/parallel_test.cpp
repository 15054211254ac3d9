#include "directclr/core/parallel.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "directclr/core/error.h"
#include "tests/support/error_of.h"

namespace directclr {
namespace {

TEST(RunInParallel, RunsEveryJobOnceAndReportsEach) {
  for (const int64_t threads : {1, 3}) {
    std::vector<std::atomic<int>> runs(50);
    uint64_t last = 0, reports = 0;
    Context context;
    context.progress = [&](const Progress& p) {
      EXPECT_EQ(p.total, 50U);
      EXPECT_EQ(p.done, last + 1);  // the sink is called by one thread at a time
      last = p.done;
      ++reports;
    };
    run_in_parallel("t", "jobs", runs.size(), threads, context, [&](size_t i) { ++runs[i]; });
    for (const auto& count : runs) EXPECT_EQ(count, 1);
    EXPECT_EQ(reports, 50U);
  }
  run_in_parallel("t", "jobs", 0, 2, {}, [](size_t) { FAIL(); });
}

TEST(RunInParallel, ThrowsWhatAJobThrewAndStartsNoMore) {
  std::atomic<int> started = 0;
  const auto job = [&](size_t i) {
    ++started;
    if (i == 3) throw InputError("job", "broke");
  };
  EXPECT_EQ(test::error_of([&] { run_in_parallel("t", "jobs", 1000, 1, {}, job); }), "job: broke");
  EXPECT_EQ(started, 4);
}

TEST(RunInParallel, StopsWhenAsked) {
  std::atomic<int> stop = 0;
  Context context;
  context.stop = &stop;
  const auto job = [&](size_t i) {
    if (i == 5) stop = 2;
  };
  EXPECT_EQ(test::error_of([&] { run_in_parallel("t", "jobs", 20, 1, context, job); }), "stopped after 6 of 20 jobs");
}

using Ranges = std::vector<std::pair<size_t, size_t>>;

// The ranges that a loop was split into, in order.
Ranges ranges_of(size_t count, size_t grain) {
  std::mutex mutex;
  Ranges ranges;
  parallel_for(count, grain, [&](size_t first, size_t last) {
    const std::lock_guard lock(mutex);
    ranges.emplace_back(first, last);
  });
  std::sort(ranges.begin(), ranges.end());
  return ranges;
}

// Waits until `condition` holds; false where that takes longer than anything here should.
bool comes_true(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::microseconds(100));  // not yield: those who are waited for need a core
  }
  return true;
}

// The threads that run a loop of `jobs` jobs, of which so many wait for one another.
std::set<std::thread::id> threads_of(size_t jobs, size_t together = 1) {
  std::mutex mutex;
  std::set<std::thread::id> ids;
  std::atomic<size_t> arrived = 0;
  parallel_for(jobs, 1, [&](size_t, size_t) {
    {
      const std::lock_guard lock(mutex);
      ids.insert(std::this_thread::get_id());
    }
    ++arrived;
    EXPECT_TRUE(comes_true([&] { return arrived >= together; }));
    std::this_thread::sleep_for(std::chrono::microseconds(50));  // time for others to come
  });
  return ids;
}

TEST(ParallelFor, CallsEachRangeOnceWhateverTheThreads) {
  for (const size_t count : {0, 1, 2, 7, 16, 100, 1001}) {
    for (const size_t grain : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, size_t{16}, size_t{1001}, SIZE_MAX}) {
      Ranges expected;
      for (size_t first = 0; first < count; first += std::min(grain, count)) {
        expected.emplace_back(first, std::min(count, first + std::min(grain, count)));
      }
      for (const size_t threads : {0, 1, 2, 3, 9}) {
        const ThreadLimit limit(threads);
        ASSERT_EQ(ranges_of(count, grain), expected) << count << " by " << grain << " on " << threads;
      }
    }
  }
}

TEST(ParallelFor, RefusesAGrainOfZero) {
  for (const size_t count : {0, 5}) {
    EXPECT_THROW(parallel_for(count, 0, [](size_t, size_t) { FAIL(); }), std::invalid_argument);
  }
}

// All that a job has written is seen when the loop has ended (the thread sanitizer looks on).
TEST(ParallelFor, SeesWhatItsJobsWrote) {
  const ThreadLimit limit(4);
  std::vector<int> values(10000, 0);
  for (int round = 1; round <= 20; ++round) {
    parallel_for(values.size(), 64, [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i) values[i] += static_cast<int>(i % 3);
    });
    ASSERT_EQ(std::accumulate(values.begin(), values.end(), 0), 9999 * round);
  }
}

TEST(ParallelFor, MayBeNestedThreeDeepWithAllThreadsBusy) {
  for (const size_t threads : {1, 2, 5}) {
    const ThreadLimit limit(threads);
    std::vector<std::atomic<int>> runs(7 * 11 * 13);
    parallel_for(7, 1, [&](size_t i, size_t) {
      parallel_for(11, 2, [&](size_t first, size_t last) {
        for (size_t j = first; j < last; ++j) {
          parallel_for(13, 3, [&, j](size_t begin, size_t end) {
            for (size_t k = begin; k < end; ++k) ++runs[(i * 11 + j) * 13 + k];
          });
        }
      });
    });
    for (const auto& count : runs) ASSERT_EQ(count, 1) << threads << " threads";
  }
}

// A nested loop has ended, whatever its sisters do, before the job that began it goes on.
TEST(ParallelFor, NestedLoopsEndBeforeTheirJobGoesOn) {
  const ThreadLimit limit(4);
  parallel_for(40, 1, [&](size_t, size_t) {
    std::atomic<int> left = 50;
    parallel_for(50, 1, [&](size_t, size_t) { --left; });
    EXPECT_EQ(left, 0);
  });
}

TEST(ParallelFor, MayBeBegunBySeveralThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::vector<uint64_t> sums(4, 0);
  for (size_t t = 0; t < sums.size(); ++t) {
    threads.emplace_back([&, t] {
      const ThreadLimit limit(t + 1);
      for (size_t round = 0; round < 30; ++round) {
        std::atomic<uint64_t> sum = 0;
        parallel_for(200, 3, [&](size_t first, size_t last) {
          for (size_t i = first; i < last; ++i) sum += i;
          if (first % 60 == 0) parallel_for(4, 1, [&](size_t, size_t) { ++sum; });
        });
        sums[t] += sum;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const uint64_t sum : sums) EXPECT_EQ(sum, 30 * (199 * 200 / 2 + 4 * 4));
}

TEST(ParallelFor, ThrowsWhatWasThrownFirst) {
  const ThreadLimit limit(2);
  std::atomic<int> began = 0;
  std::atomic<bool> unwound = false;
  struct Unwinding {
    std::atomic<bool>& flag;
    ~Unwinding() { flag = true; }
  };
  const auto job = [&](size_t i, size_t) {
    ++began;
    EXPECT_TRUE(comes_true([&] { return began == 2; }));
    if (i == 0) {
      const Unwinding unwinding{unwound};
      throw InputError("job", "first");
    }
    EXPECT_TRUE(comes_true([&] { return unwound.load(); }));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // until it is noted
    throw InputError("job", "second");
  };
  EXPECT_EQ(test::error_of([&] { parallel_for(2, 1, job); }), "job: first");
}

TEST(ParallelFor, StartsNoMoreJobsAfterOneHasThrownAndWaitsForThoseInFlight) {
  constexpr size_t kJobs = 5000;
  for (const size_t threads : {1, 2, 4}) {
    const ThreadLimit limit(threads);
    std::atomic<size_t> started = 0, running = 0;
    const auto job = [&](size_t i, size_t) {
      ++started;
      ++running;
      if (i == 3) {
        --running;
        throw InputError("job", "broke");
      }
      if (i > 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      --running;
    };
    EXPECT_EQ(test::error_of([&] { parallel_for(kJobs, 1, job); }), "job: broke");
    EXPECT_EQ(running, 0U);
    EXPECT_LT(started, threads == 1 ? 5 : kJobs / 10) << threads << " threads";
    // And goes on as if nothing had been.
    EXPECT_EQ(ranges_of(50, 1).size(), 50U);
  }
}

TEST(ParallelFor, BringsWhatANestedLoopThrewToTheOutside) {
  const ThreadLimit limit(3);
  std::atomic<int> caught = 0;
  const auto outer = [&](size_t i, size_t) {
    try {
      parallel_for(20, 1, [&](size_t j, size_t) {
        if (i == 5 && j == 7) throw InputError("inner", "broke");
      });
    } catch (const InputError&) {
      ++caught;
      throw;
    }
  };
  for (int round = 0; round < 10; ++round) {
    EXPECT_EQ(test::error_of([&] { parallel_for(8, 1, outer); }), "inner: broke");
  }
  EXPECT_EQ(caught, 10) << "the job that began the loop, and no other";
  // What is caught inside stays inside.
  std::atomic<int> ended = 0;
  parallel_for(8, 1, [&](size_t, size_t) {
    try {
      parallel_for(4, 1, [](size_t, size_t) { throw 5; });
    } catch (int) {
      ++ended;
    }
  });
  EXPECT_EQ(ended, 8);
}

TEST(ThreadLimit, NestsAndIsRestored) {
  const size_t before = parallel_threads(), some = before + 1, more = before + 2;  // unlike the number of cores
  EXPECT_GE(before, 1U);
  {
    const ThreadLimit outer(more);
    EXPECT_EQ(parallel_threads(), more);
    {
      const ThreadLimit inner(some);
      EXPECT_EQ(parallel_threads(), some);
      {
        const ThreadLimit same(0);
        EXPECT_EQ(parallel_threads(), some);
        const ThreadLimit one(1);
        EXPECT_EQ(parallel_threads(), 1U);
      }
      EXPECT_EQ(parallel_threads(), some);
    }
    EXPECT_EQ(parallel_threads(), more);
    size_t elsewhere = 0;
    std::thread([&] { elsewhere = parallel_threads(); }).join();
    EXPECT_EQ(elsewhere, before) << "it is of the thread that made it";
    EXPECT_THROW(parallel_for(4, 1,
                              [](size_t, size_t) {
                                const ThreadLimit inside(1);
                                throw std::invalid_argument("");
                              }),
                 std::invalid_argument);
    EXPECT_EQ(parallel_threads(), more) << "after an error";
  }
  EXPECT_EQ(parallel_threads(), before);
}

TEST(ThreadLimit, IsInheritedByJobsAndNotKeptByTheirThreads) {
  const size_t before = parallel_threads();
  for (const size_t threads : {3, 6, 2}) {
    const ThreadLimit limit(threads);
    parallel_for(12, 1, [&](size_t, size_t) {
      EXPECT_EQ(parallel_threads(), threads);
      {
        const ThreadLimit inner(4);
        parallel_for(3, 1, [&](size_t, size_t) { EXPECT_EQ(parallel_threads(), 4U); });
      }
      EXPECT_EQ(parallel_threads(), threads);
      // Also where there are fewer ranges than threads.
      parallel_for(2, 1, [&](size_t, size_t) { EXPECT_EQ(parallel_threads(), threads); });
    });
  }
  std::atomic<size_t> others = 0;
  parallel_for(50, 1, [&](size_t, size_t) { others += parallel_threads() != before ? 1 : 0; });
  EXPECT_EQ(others, 0U);
}

TEST(ThreadLimit, OfOneRunsInPlace) {
  const ThreadLimit one(1);
  EXPECT_EQ(threads_of(100), std::set<std::thread::id>{std::this_thread::get_id()});
  // Also within the jobs of a loop on many threads.
  const ThreadLimit four(4);
  parallel_for(8, 1, [](size_t, size_t) {
    const ThreadLimit inner(1);
    EXPECT_EQ(threads_of(20), std::set<std::thread::id>{std::this_thread::get_id()});
  });
  EXPECT_EQ(threads_of(1), std::set<std::thread::id>{std::this_thread::get_id()}) << "a single range";
}

// Jobs that wait for one another show that there are as many threads; more than the machine has cores, and, when the
// pool holds more, no more than asked for.
TEST(ThreadLimit, IsHowManyThreadsALoopHas) {
  const size_t many = std::max(1U, std::thread::hardware_concurrency()) + 3;
  for (const size_t threads : {many, size_t{2}, size_t{3}, many}) {
    const ThreadLimit limit(threads);
    const auto ids = threads_of(30 * threads, threads);
    EXPECT_EQ(ids.size(), threads);
    EXPECT_TRUE(ids.contains(std::this_thread::get_id())) << "who begins a loop works on it";
    EXPECT_EQ(threads_of(2, 2).size(), 2U) << "no more than there are ranges";
  }
}

// Threads that another loop has woken, and that find nothing more to do there, are none too many here.
TEST(ThreadLimit, HoldsForThreadsThatAreAwake) {
  const ThreadLimit two(2);
  std::mutex mutex;
  std::set<std::thread::id> ids;
  std::atomic<bool> woken = false;
  parallel_for(60, 1, [&](size_t i, size_t) {
    {
      const std::lock_guard lock(mutex);
      ids.insert(std::this_thread::get_id());
    }
    if (i == 0) {
      // Its loop wants five threads of the pool, which has five and makes no more. Whoever has got job 0 waits here; if
      // that is one of the five, and not the thread that began the loop of sixty, four come to that of six.
      std::thread([] {
        const ThreadLimit six(6);
        EXPECT_GE(threads_of(6, 5).size(), 5U);
      }).join();
      woken = true;
    } else {
      EXPECT_TRUE(comes_true([&] { return woken.load(); }));
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
  });
  EXPECT_LE(ids.size(), 2U);
}

#if defined(__SANITIZE_THREAD__)
constexpr bool kThreadSanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
constexpr bool kThreadSanitizer = true;
#else
constexpr bool kThreadSanitizer = false;
#endif
#else
constexpr bool kThreadSanitizer = false;
#endif

// Exit status of a child that runs loops of its own: 0 if they do what they should.
int status_of_child() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);  // rather than for ever
    const ThreadLimit limit(4);
    bool good = true;
    for (int round = 0; round < 20; ++round) {
      std::atomic<size_t> sum = 0;
      parallel_for(100, 3, [&](size_t first, size_t last) {
        parallel_for(last - first, 1, [&](size_t i, size_t) { sum += first + i; });
      });
      good = good && sum == 4950;
    }
    good = good && threads_of(4, 4).size() == 4;
    ::_exit(good ? 0 : 1);
  }
  int status = -1;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return -1;
  return status;
}

TEST(ParallelFor, RunsInAChildOfFork) {
  if (kThreadSanitizer) GTEST_SKIP() << "the sanitizer allows no threads after fork()";
  const ThreadLimit limit(3);
  EXPECT_EQ(threads_of(3, 3).size(), 3U);  // the parent's pool, whose threads the child does not have
  EXPECT_EQ(status_of_child(), 0);
  EXPECT_EQ(threads_of(3, 3).size(), 3U) << "and the parent goes on";
  // A child made in a job, of whatever thread.
  parallel_for(3, 1, [](size_t, size_t) { EXPECT_EQ(status_of_child(), 0); });
  EXPECT_EQ(threads_of(3, 3).size(), 3U);
}

}  // namespace
}  // namespace directclr
