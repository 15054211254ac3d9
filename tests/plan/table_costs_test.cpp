// Costs that the planner takes from the tables of losses, projectors and optimisers.
#include <gtest/gtest.h>

#include "directclr/plan/cost_model.h"
#include "directclr/settings/losses.h"
#include "directclr/settings/optimizers.h"
#include "tests/support/error_of.h"

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
    EXPECT_NEAR(plan.loss_seconds, (similarities * 6 * n * mine * p + moments * 6 * mine * p * p) / 1e12, 1e-12)
        << loss.name;
    EXPECT_NEAR(plan.embedding_seconds,
                similarities * (5 * latency + (2 * 4 * n * p + 3 * 8 * n) / 2 / bandwidth) +
                    moments * 2 * (latency + 4 * p * p / 2 / bandwidth),
                1e-12)
        << loss.name;
  }
}

// A quarter less to compute, for the memory of N x n numbers a matrix and pair of views.
TEST(Plan, KeepsSimilaritiesWhereThereIsRoom) {
  for (const auto& loss : settings::losses()) {
    for (const int64_t local_views : {0, 2}) {
      settings::TrainSettings s = settings_with("mlp", loss.name);
      s.augment.local_views = local_views;
      const double bytes = 4.0 * static_cast<double>(loss.similarity_matrices) * 1024 * 512;
      s.loss.similarity_memory = bytes / (1 << 30);
      const Plan kept = make_plan(s, 1000000, 1, 2, even_machine());
      s.loss.similarity_memory = (bytes - 4) / (1 << 30);
      const Plan made_again = make_plan(s, 1000000, 1, 2, even_machine());
      if (loss.similarity_matrices == 0) continue;
      EXPECT_NEAR(kept.loss_seconds, made_again.loss_seconds * 6 / 8, 1e-12) << loss.name;
      EXPECT_NEAR(kept.device_bytes - made_again.device_bytes, static_cast<double>(1 + 2 * local_views) * bytes, 1)
          << loss.name;
    }
  }
}

TEST(NetworkCost, CountsWhatIsNormalised) {
  settings::TrainSettings s = settings_with("none");
  s.encoder.arch = "basic:1,1,1,1:8";
  // Stem 32 x 32; stages of two normalisations at 16, 8, 4 and 2 px and, from the second on, one of the shortcut.
  const int64_t numbers = 8 * 32 * 32 + 2 * 8 * 16 * 16 + 3 * (16 * 8 * 8 + 32 * 4 * 4 + 64 * 2 * 2);
  EXPECT_EQ(network_cost(s).norm_numbers_per_view, numbers);
  EXPECT_EQ(network_cost(s).norm_numbers_per_image, 2 * numbers);
}

TEST(Plan, CountsTheWaitingAndThePassesOfSynchronisedNormalisation) {
  settings::TrainSettings s = settings_with("none");
  Machine machine = even_machine();
  machine.latency_seconds = 0;
  machine.bytes_per_second = 1e18;
  machine.norm_layer_seconds = 1e-3;
  machine.norm_number_seconds = 1e-9;
  const Plan plan = make_plan(s, 1000000, 1, 2, machine);
  EXPECT_NEAR(plan.norm_seconds,
              1e-3 * static_cast<double>(plan.network.norm_layers) +
                  512 * 1e-9 * static_cast<double>(plan.network.norm_numbers_per_image),
              1e-9);
  EXPECT_EQ(make_plan(s, 1000000, 1, 1, machine).norm_seconds, 0) << "one process has nothing to synchronise";
  s.sync_batch_norm = false;
  EXPECT_EQ(make_plan(s, 1000000, 1, 2, machine).norm_seconds, 0);
  // Messages that take longer than what was measured of a layer count instead.
  s.sync_batch_norm = true;
  machine.norm_number_seconds = 0;
  machine.latency_seconds = 1;
  EXPECT_NEAR(make_plan(s, 1000000, 1, 2, machine).norm_seconds, 3 * static_cast<double>(plan.network.norm_layers),
              1e-6);
}

TEST(Plan, SharesTheMonitorOutToTheStepsBetweenLooks) {
  settings::TrainSettings s = settings_with("none");
  Machine machine = even_machine();
  machine.computes_on_cores = true;
  const double without = make_plan(s, 1000000, 1, 1, machine).step_seconds;
  machine.monitor_seconds = 10;
  s.log_every = 4;
  const Plan plan = make_plan(s, 1000000, 1, 1, machine);
  EXPECT_EQ(plan.monitor_seconds, 2.5);
  EXPECT_NEAR(plan.step_seconds, without + 2.5, 1e-9);
  EXPECT_EQ(plan.bottleneck, "the monitor");
}

TEST(Plan, HidesNoGradientsBehindACoreThatComputes) {
  Machine machine = even_machine();
  const settings::TrainSettings s = settings_with("none");
  const Plan beside = make_plan(s, 1000000, 1, 2, machine);
  EXPECT_NEAR(beside.gradient_exposed_seconds, 0.1 * beside.gradient_seconds, 1e-9);
  machine.computes_on_cores = true;
  const Plan on_cores = make_plan(s, 1000000, 1, 2, machine);
  EXPECT_EQ(on_cores.gradient_exposed_seconds, on_cores.gradient_seconds);
}

// Images are made on cores that no process computes on; what these do not get done takes the others' time.
TEST(Plan, MakesImagesWithTheTimeThatComputingLeaves) {
  Machine machine = even_machine();
  machine.computes_on_cores = true;
  machine.cores = 4;
  machine.processes = 2;
  const settings::TrainSettings s = settings_with("none");
  const double computing = make_plan(s, 1000000, 1, 2, machine).step_seconds;
  const auto step_of = [&](int64_t threads, double loading) {  // how much of the computing's time loading takes
    machine.threads = threads;
    machine.loader_images_per_second = 1024 / (4 * loading * computing);
    return make_plan(s, 1000000, 1, 2, machine).step_seconds / computing;
  };
  EXPECT_NEAR(step_of(1, 0.4), 1, 1e-9) << "half of the time is left";
  EXPECT_NEAR(step_of(1, 0.7), 1.2, 1e-9);
  EXPECT_NEAR(step_of(2, 0.4), 1.4, 1e-9) << "none is left";
  EXPECT_NEAR(step_of(8, 0.4), 1.4, 1e-9);
  EXPECT_NEAR(step_of(0, 0.4), 1.4, 1e-9) << "not known";
}

TEST(Plan, OfProcessesThatShareCoresIsOfAsManyAsWereMeasured) {
  Machine machine = even_machine();
  machine.computes_on_cores = true;
  machine.processes = 2;
  const settings::TrainSettings s = settings_with("none");
  EXPECT_GT(make_plan(s, 1000000, 1, 2, machine).step_seconds, 0);
  for (const int64_t others : {1, 4}) {
    const std::string message = test::error_of([&] { make_plan(s, 1000000, 1, others, machine); });
    EXPECT_NE(message.find("--gpus: the figures are of 2 at a time"), std::string::npos) << message;
    EXPECT_NE(message.find("bench step --nproc " + std::to_string(others)), std::string::npos) << message;
  }
  machine.processes = 0;  // a file of an earlier version does not say
  EXPECT_GT(make_plan(s, 1000000, 1, 4, machine).step_seconds, 0);
  machine.processes = 2;
  machine.computes_on_cores = false;  // devices have memory and cores of their own
  EXPECT_GT(make_plan(s, 1000000, 1, 4, machine).step_seconds, 0);
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
