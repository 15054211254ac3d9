#include "directclr/train/monitor.h"

#include <gtest/gtest.h>

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/spectrum/spectrum.h"
#include "tests/support/error_of.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::train {
namespace {

constexpr int64_t kWidth = 16;

settings::TrainSettings monitored_settings(const std::string& projector, const std::string& stop_under = "") {
  settings::TrainSettings settings;
  settings.projector.projector = projector;
  settings.monitor_every = 1;
  settings.stop.under = stop_under;
  return settings;
}

// Both views of 100 images in which `alive` directions vary.
at::Tensor rows(int64_t alive, uint64_t seed) {
  at::manual_seed(seed);
  at::Tensor r = at::randn({200, kWidth}) * 1e-4 + 1;
  r.slice(1, 0, alive) += at::randn({200, alive});
  return r;
}

TEST(Monitor, WarnsOnceWhenDirectionsDieAndStopsUnderTheFloor) {
  auto watched = monitored_settings("none", "rank=0.5D");
  watched.stop.over = "dead=3";
  watched.stop.on = "collapse";
  Monitor monitor(watched, kWidth, kWidth, at::kCPU);
  int64_t step = 0;
  const auto train = [&](int64_t alive, int64_t steps) {
    for (int64_t i = 0; i < steps; ++i) {
      ++step;
      const auto r = rows(alive, static_cast<uint64_t>(step));
      monitor.observe(step, r, r, {});
    }
    const auto r = rows(alive, 1000);
    return monitor.read(r, r, true);
  };
  const auto healthy = train(kWidth, 5);
  EXPECT_TRUE(healthy.warnings.empty());
  EXPECT_TRUE(healthy.stop.empty()) << healthy.stop[0];
  EXPECT_NEAR(healthy.r.effective_rank_lambda, kWidth, 1);
  const auto dying = train(4, 40);  // the memory is 160 rows, one batch and a bit
  ASSERT_EQ(dying.warnings.size(), 1u);
  EXPECT_NE(dying.warnings[0].find("representation r: dimensional collapse: 12 of 16"), std::string::npos)
      << dying.warnings[0];
  ASSERT_EQ(dying.stop.size(), 3u) << "a line a gate";
  EXPECT_NE(dying.stop[0].find("effective-rank"), std::string::npos) << dying.stop[0];
  EXPECT_EQ(dying.stop[1], "dead-directions is 12, over 3 (--stop-over)");
  EXPECT_NE(dying.stop[2].find("the verdict is dimensional collapse (--stop-on collapse)"), std::string::npos);
  EXPECT_EQ(dying.r.below_1e_4, 12);
  EXPECT_TRUE(train(4, 1).warnings.empty()) << "said once";
  const auto early = monitor.read(rows(4, 1), rows(4, 1), /*warn=*/false);
  EXPECT_TRUE(early.stop.empty());
}

TEST(Monitor, WatchesTheEmbeddingToo) {
  Monitor monitor(monitored_settings("mlp"), kWidth, kWidth, at::kCPU);
  for (int64_t step = 1; step <= 10; ++step) {
    monitor.observe(step, rows(kWidth, static_cast<uint64_t>(step)), at::ones({200, kWidth}), {});
  }
  const auto seen = monitor.read(rows(kWidth, 1), at::ones({200, kWidth}), true);
  ASSERT_EQ(seen.warnings.size(), 1u);
  EXPECT_NE(seen.warnings[0].find("embedding z: complete collapse"), std::string::npos) << seen.warnings[0];
  EXPECT_NEAR(seen.alignment_z, 0, 1e-12);
  EXPECT_NEAR(seen.uniformity_z, 0, 1e-12);
  EXPECT_GT(seen.alignment_r, 0.1);
  EXPECT_LT(seen.uniformity_r, -0.1);
  EXPECT_EQ(monitor.state().size(), 6u);
}

// The first rows are of a network that has hardly begun.
TEST(Monitor, SaysNothingBeforeTwoRowsADimension) {
  auto settings = monitored_settings("none");
  settings.stop.on = "collapse";
  Monitor monitor(settings, kWidth, kWidth, at::kCPU);
  const at::Tensor few = rows(4, 1).slice(0, 0, 2 * kWidth - 2);
  monitor.observe(1, few, few, {});
  const auto early = monitor.read(few, few, true);
  EXPECT_TRUE(early.warnings.empty()) << early.warnings[0];
  EXPECT_TRUE(early.stop.empty());
  monitor.observe(2, few, few, {});
  const auto later = monitor.read(few, few, true);
  EXPECT_EQ(later.warnings.size(), 1U);
  EXPECT_EQ(later.stop.size(), 1U);
}

TEST(Monitor, LooksEverySoManySteps) {
  auto settings = monitored_settings("none");
  settings.monitor_every = 4;
  Monitor monitor(settings, kWidth, kWidth, at::kCPU);
  for (int64_t step = 1; step <= 8; ++step) monitor.observe(step, rows(3, 1), rows(3, 1), {});
  EXPECT_EQ(monitor.state()[0].second.item<double>(), 200) << "160 rows of memory, one batch is more";
  settings.monitor_memory = 1000;
  Monitor longer(settings, kWidth, kWidth, at::kCPU);
  for (int64_t step = 1; step <= 8; ++step) longer.observe(step, rows(3, 1), rows(3, 1), {});
  EXPECT_EQ(longer.state()[0].second.item<double>(), 600) << "steps 1, 4 and 8";
}

// Isotropic beside a mean that float32 holds badly: nothing is known of it, and no collapse is found.
TEST(Monitor, CannotTellWhatRoundingHides) {
  auto settings = monitored_settings("none");
  settings.stop.on = "collapse,too-coarse";
  Monitor monitor(settings, kWidth, kWidth, at::kCPU);
  at::manual_seed(1);
  const at::Tensor r = at::randn({200, kWidth}) + 3e7;
  monitor.observe(1, r, r, {});
  const auto seen = monitor.read(r, r, true);
  EXPECT_TRUE(seen.warnings.empty()) << seen.warnings[0];
  ASSERT_EQ(seen.stop.size(), 1U);
  EXPECT_NE(seen.stop[0].find("the verdict is too coarse to tell"), std::string::npos) << seen.stop[0];
}

// Four directions vary; bfloat16 rounds beside a mean of 30 whatever the others do, float32 does not.
TEST(Monitor, GoesByWhatTheRowsTypeRoundsAway) {
  at::manual_seed(1);
  at::Tensor r = at::randn({200, kWidth}) * 1e-3 + 30;
  r.slice(1, 0, 4) += at::randn({200, 4});
  const auto dead_of = [&](const at::Tensor& rows) {
    Monitor monitor(monitored_settings("none"), kWidth, kWidth, at::kCPU);
    monitor.observe(1, rows, rows, {});
    return spectrum::dead_directions(monitor.read(rows, rows, true).r);
  };
  EXPECT_EQ(dead_of(r), 12);
  EXPECT_TRUE(std::isnan(dead_of(r.to(at::kBFloat16))));
}

TEST(Monitor, RefusesAGateThatIsNone) {
  auto settings = monitored_settings("none", "rank=much");
  settings.data = "fashion-mnist";
  EXPECT_NE(test::error_of([&] { settings.resolve({}); }).find("--stop-under"), std::string::npos);
  settings.stop = {"", "", "too-few-rows"};
  EXPECT_NE(test::error_of([&] { Monitor(settings, kWidth, kWidth, at::kCPU); }).find("--stop-on: too-few-rows"),
            std::string::npos);
}

}  // namespace
}  // namespace directclr::train
