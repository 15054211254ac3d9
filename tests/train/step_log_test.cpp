#include "directclr/train/step_log.h"

#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "tests/support/temporary_folder.h"

namespace directclr::train {
namespace {

constexpr int64_t kWidth = 16;

// The line that a step leaves in metrics.jsonl, and what the progress bar says of it. `r` is z too.
std::pair<Json, std::string> logged(const at::Tensor& r) {
  const test::TemporaryFolder folder;
  settings::TrainSettings settings;
  settings.batch_size = r.size(0) / 2;
  settings.projector.projector = "none";
  Monitor monitor(settings, kWidth, kWidth, at::kCPU);
  monitor.observe(1, r, r, {});
  const settings::RunDirectory run(folder.path());
  StepLog log(settings, run, {}, /*steps_per_epoch=*/10, {});
  log.step({.step = 1, .loss = 2, .lr = 0.5, .online_top1 = {}, .r = r, .z = r}, monitor, true, [](const auto&) {});
  return {Json::parse(read_file(run.metrics())), log.summary()};
}

// Four directions vary; bfloat16 rounds beside a mean of 30 whatever the others do, float32 does not.
TEST(StepLog, CountsNoDirectionsThatRoundingHides) {
  at::manual_seed(1);
  at::Tensor r = at::randn({200, kWidth}) * 1e-3 + 30;
  r.slice(1, 0, 4) += at::randn({200, 4});
  const auto [known, sentence] = logged(r);
  EXPECT_EQ(known.at("dead_r"), 12);
  EXPECT_EQ(known.at("dead_z"), 12);
  EXPECT_EQ(sentence, "rank r 4 (12 dead)  z 4");
  const auto [hidden, open] = logged(r.to(at::kBFloat16));
  EXPECT_TRUE(hidden.at("dead_r").is_null()) << hidden.dump();
  EXPECT_TRUE(hidden.at("dead_z").is_null()) << hidden.dump();
  EXPECT_GT(hidden.at("rank_r").get<double>(), 0);
  EXPECT_NE(open.find("(? dead)"), std::string::npos) << open;
}

}  // namespace
}  // namespace directclr::train
