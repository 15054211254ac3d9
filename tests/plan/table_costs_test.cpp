// Costs that the planner takes from the tables of losses, projectors and optimisers.
#include <gtest/gtest.h>

#include "directclr/plan/cost_model.h"
#include "directclr/settings/losses.h"
#include "directclr/settings/optimizers.h"

namespace directclr::plan {
namespace {

settings::TrainSettings settings_with(const std::string& projector, const std::string& loss = "infonce",
                                      const std::string& optimizer = "lars") {
  settings::TrainSettings s;
  s.data = "folder:images";
  s.encoder.arch = "resnet18";  // D = 512
  s.encoder.stem = "imagenet";
  s.projector.projector = projector;
  s.loss.loss = loss;
  s.optimizer.optimizer = optimizer;
  s.augment.image_size = 64;
  s.batch_size = 1024;
  s.resolve({"image_size"});
  return s;
}

Machine even_machine() {
  Machine m;
  m.flops_per_second = m.loss_flops_per_second = 1e12;
  m.bytes_per_second = 1e9;
  m.latency_seconds = 1e-5;
  return m;
}

TEST(NetworkCost, CountsTheProductWithAFixedMatrix) {
  const NetworkCost none = network_cost(settings_with("none")), fixed = network_cost(settings_with("lowrank-fixed"));
  EXPECT_EQ(fixed.macs_per_view, none.macs_per_view + 512 * 90);
  EXPECT_EQ(fixed.parameters, none.parameters);
}

TEST(Plan, CostsEveryLossByItsProducts) {
  const double n = 1024, mine = 512, p = 128, latency = 1e-5, bandwidth = 1e9;
  for (const auto& loss : settings::losses()) {
    const Plan plan = make_plan(settings_with("mlp", loss.name), 1000000, 1, 2, even_machine());
    const auto similarities = static_cast<double>(loss.similarity_matrices);
    const auto moments = static_cast<double>(loss.moment_matrices);
    EXPECT_GT(plan.loss_seconds, 0) << loss.name;
    EXPECT_NEAR(plan.loss_seconds, (similarities * 8 * n * mine * p + moments * 6 * mine * p * p) / 1e12, 1e-12)
        << loss.name;
    EXPECT_NEAR(plan.embedding_seconds,
                similarities * (5 * latency + (2 * 4 * n * p + 3 * 8 * n) / 2 / bandwidth) +
                    moments * 2 * (latency + 4 * p * p / 2 / bandwidth),
                1e-12)
        << loss.name;
  }
}

TEST(Plan, HoldsTheOptimisersState) {
  const Plan lars = make_plan(settings_with("mlp"), 1000000, 1, 1, even_machine());
  for (const auto& kind : settings::optimizers()) {
    const Plan plan = make_plan(settings_with("mlp", "infonce", kind.name), 1000000, 1, 1, even_machine());
    EXPECT_EQ(plan.device_bytes - lars.device_bytes,
              4.0 * static_cast<double>((kind.numbers_a_parameter - 1) * plan.network.parameters))
        << kind.name;
  }
}

}  // namespace
}  // namespace directclr::plan
