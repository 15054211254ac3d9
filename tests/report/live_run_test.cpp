#include "directclr/report/live_run.h"

#include <gtest/gtest.h>

#include <cmath>

#include "directclr/report/watch_page.h"

namespace directclr::report {
namespace {

// At work, at step 40 of 100.
RunResults at_work() {
  RunResults run;
  run.name = "a";
  run.path = "runs/a";
  run.state = RunState::kAtWork;
  run.config = {{"train", "epochs", "10"},
                {"train", "batch_size", "32"},
                {"optimizer", "warmup_epochs", "1"},
                {"run", "grace_epochs", "2"}};
  const std::vector<double> steps = {10, 20, 30, 40};
  run.metrics["epoch"] = {steps, {1, 2, 3, 4}};
  run.metrics["loss"] = {steps, {5, 4, 3, 2}};
  run.metrics["images_per_second"] = {steps, {1, 60, 64, 70}};
  run.metrics["dead_r"] = {steps, {60, 0, 0, 0}};
  run.metrics["rank_r"] = {steps, {5, 30, 40, 41}};
  run.spectra_log.r_dimensions = 64;
  return run;
}

TEST(LiveRun, SaysWhereARunIs) {
  RunResults run = at_work();
  const LiveRun live = live_run(run);
  EXPECT_EQ(live.place, "a is at epoch 4.0 of 10, step 40, 30 s left") << "60 steps of 32 images at 64 a second";
  EXPECT_NEAR(*live.seconds_left, 30, 1e-9);
  EXPECT_NEAR(live.share, 0.4, 1e-12);
  EXPECT_EQ(live.dead_text(), "0 of 64");
  EXPECT_FALSE(live.early);
  EXPECT_FALSE(live.dying);
  EXPECT_TRUE(live.warnings.empty() && live.resume.empty());
  run.state = RunState::kStopped;
  EXPECT_EQ(live_run(run).place, "a has stopped at epoch 4.0 of 10, step 40");
  EXPECT_EQ(live_run(run).resume, "directclr train --resume --out runs/a");
  run.state = RunState::kEnded;
  run.steps = 40;
  EXPECT_EQ(live_run(run).place, "a has ended after 10 epochs, step 40");
  EXPECT_EQ(live_run(run).share, 1);
  run.metrics.clear();
  EXPECT_EQ(live_run(run).dead_text(), "?");
  run.state = RunState::kAtWork;
  EXPECT_EQ(live_run(run).place, "a has begun and not logged a step yet");
  run.state = RunState::kNotBegun;
  EXPECT_EQ(live_run(run).place, "a has not begun");
}

// A k-NN score is a line of its own: its step is the run's.
TEST(LiveRun, CountsEveryLineOfTheLog) {
  RunResults run = at_work();
  run.metrics["epoch"].steps.push_back(50);
  run.metrics["epoch"].values.push_back(5);
  run.metrics["knn_top1"] = {{50}, {0.5}};
  const LiveRun live = live_run(run);
  EXPECT_EQ(live.step, 50);
  EXPECT_EQ(*live.knn_top1, 0.5);
  EXPECT_EQ(*live.loss, 2);
}

// Rounding hid the count at the last step: an older one is not what there is now.
TEST(LiveRun, DoesNotTakeAnOldCountForTheLast) {
  RunResults run = at_work();
  run.metrics["dead_r"] = {{10, 20, 30}, {60, 60, 60}};
  const LiveRun live = live_run(run);
  EXPECT_EQ(live.dead_text(), "?");
  EXPECT_FALSE(live.dying);
  EXPECT_TRUE(live.warnings.empty());
  run.metrics["dead_r"] = {{10, 20, 30, 40}, {60, 60, 60, 60}};
  EXPECT_EQ(live_run(run).dead_text(), "60 of 64");
  EXPECT_TRUE(live_run(run).dying);
}

TEST(LiveRun, WarnsOfWhatIsLostOnceItIsNotEarly) {
  RunResults run = at_work();
  run.metrics["epoch"].steps.push_back(50);
  run.metrics["epoch"].values.push_back(5);
  run.metrics["dead_r"] = {{10, 20, 30, 40, 50}, {60, 3, 4, 4, 5}};
  run.metrics["rank_r"] = {{10, 20, 30, 40, 50}, {5, 30, 40, 35, 20}};
  LiveRun live = live_run(run);
  EXPECT_TRUE(live.dying);
  ASSERT_EQ(live.warnings.size(), 2U);
  EXPECT_EQ(live.warnings[0], "at least 5 % of the directions of r are dead since step 30")
      << "4 of 64 are more than 5 %";
  EXPECT_EQ(live.warnings[1], "r is losing directions: its effective rank was 40.0 at step 30 and is 20.0");
  EXPECT_TRUE(live.falling && live.still_falling);
  EXPECT_NE(watch_page({run}, {1, 5}).find("Collapsed so far: run &quot;a&quot; is at epoch 5.0 of 10"),
            std::string::npos);
  run.metrics["rank_r"].values = {5, 40, 20, 20, 20};
  EXPECT_TRUE(live_run(run).warnings[1].starts_with("r has lost directions: its effective rank was 40.0 at step 20"));
  EXPECT_NE(watch_page({run}, {1, 5}).find("<code>--keep-best</code>"), std::string::npos);
  run.config[3].text = "6";  // grace
  live = live_run(run);
  EXPECT_TRUE(live.early);
  EXPECT_FALSE(live.dying || live.falling);
  EXPECT_TRUE(live.warnings.empty());
}

// The last steps of a training need not be logged: nothing in that says that it ended early.
TEST(LiveRun, OfARunThatHasEndedIsAllOfItWhateverItsLogHas) {
  RunResults run = at_work();
  run.state = RunState::kEnded;
  run.steps = 105;
  EXPECT_EQ(live_run(run).place, "a has ended after 10 epochs, step 105 (its log ends at step 40)");
  EXPECT_EQ(live_run(run).share, 1);
  EXPECT_FALSE(live_run(run).early);
  const auto holds = [&](const std::vector<RunResults>& runs, const char* part) {
    return watch_page(runs, {1, 0}).find(part) != std::string::npos;
  };
  EXPECT_TRUE(holds({run}, "No collapse so far: run"));
  run.config[3].text = "6";  // grace: all that is logged is of before its end
  EXPECT_TRUE(holds({run}, "Its log says too little to judge: run &quot;a&quot; has ended after 10 epochs"));
  EXPECT_FALSE(holds({run}, "oo early to judge: "));
  EXPECT_TRUE(holds({run}, "where its log ends, which is too early to judge"));
  EXPECT_TRUE(holds({run, at_work()}, "too little in the log to judge &quot;a&quot;"));
  run.metrics.clear();
  EXPECT_EQ(live_run(run).place, "a has ended, and has no log of its steps");
  EXPECT_EQ(live_run(run).share, 1);
}

TEST(LiveRun, IsOverWhenNobodyIsAtWorkAnyMore) {
  std::vector<RunResults> runs(2, at_work());
  runs[0].state = RunState::kEnded;
  runs[1].state = RunState::kStopped;
  EXPECT_TRUE(all_over(runs));
  for (const RunState state : {RunState::kAtWork, RunState::kNotBegun}) {
    runs[1].state = state;
    EXPECT_FALSE(all_over(runs));
  }
}

TEST(WatchPage, IsLoadedAnewWhileThereIsAnotherToCome) {
  std::vector<RunResults> runs = {at_work()};
  const auto holds = [&](const Look& look, const char* part) {
    return watch_page(runs, look).find(part) != std::string::npos;
  };
  EXPECT_TRUE(holds({3, 5}, "data-seconds=\"5\" data-look=\"3\""));
  EXPECT_TRUE(holds({3, 5}, "30 s</td>"));
  EXPECT_FALSE(holds({3, 0}, "data-seconds"));
  EXPECT_TRUE(holds({3, 0}, "no longer written anew"));
  EXPECT_FALSE(holds({3, 0}, "class=\"bad\""));
  runs[0].config[3].text = "6";  // grace
  EXPECT_TRUE(holds({3, 5}, "<header class=\"open\">")) << "too early is neither good nor bad";
  EXPECT_TRUE(holds({3, 5}, "it is too early to judge"));
  runs[0].state = RunState::kStopped;
  EXPECT_FALSE(holds({3, 5}, "data-seconds")) << "nobody is at work";
  EXPECT_TRUE(holds({3, 5}, "<code>--resume</code>"));
}

}  // namespace
}  // namespace directclr::report
