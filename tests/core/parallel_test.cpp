#include "directclr/core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
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

}  // namespace
}  // namespace directclr
