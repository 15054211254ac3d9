#include "directclr/plan/cost_model.h"

#include <gtest/gtest.h>

#include "directclr/core/files.h"
#include "directclr/train/contrastive_model.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr::train {
namespace {

settings::TrainSettings settings_of(const std::string& arch, const std::string& projector, const std::string& stem,
                                    int64_t side) {
  settings::TrainSettings s;
  s.data = "folder:images";
  s.encoder.arch = arch;
  s.encoder.stem = stem;
  s.projector.projector = projector;
  s.augment.image_size = side;
  s.batch_size = 4096;
  s.resolve({"image_size"});
  return s;
}

plan::Machine plain_machine() {
  plan::Machine m;
  m.flops_per_second = 1e12;
  m.loss_flops_per_second = 1e12;
  m.bytes_per_second = m.node_bytes_per_second = 1e9;
  m.latency_seconds = m.node_latency_seconds = 1e-5;
  return m;
}

TEST(NetworkCost, CountsTheParametersThatTheModelHas) {
  for (const char* arch : {"resnet18", "resnet50", "basic:1,2,1,1:8", "bottleneck:1,1,2,1:16"}) {
    for (const char* projector : {"none", "direct", "linear", "diagonal", "orthogonal", "lowrank", "lowrank-fixed",
                                  "lowrank-diagonal", "random-dropout", "mlp"}) {
      const settings::TrainSettings s = settings_of(arch, projector, "imagenet", 64);
      const ContrastiveModel model = make_model(s);
      int64_t expected = 0;
      for (const auto& p : model.encoder->parameters()) expected += p.numel();
      for (const auto& p : model.projector->parameters()) expected += p.numel();
      EXPECT_EQ(plan::network_cost(s).parameters, expected) << arch << " " << projector;
      EXPECT_EQ(plan::network_cost(s).embedding, model.projector->embedding()) << arch << " " << projector;
    }
  }
}

// What torchvision states for its networks at 224 pixels, less the classifier that ours lacks.
TEST(NetworkCost, CountsTheOperationsThatTorchvisionStates) {
  EXPECT_EQ(plan::network_cost(settings_of("resnet50", "none", "imagenet", 224)).macs_per_view,
            4089184256 - 2048 * 1000);
  EXPECT_EQ(plan::network_cost(settings_of("resnet18", "none", "imagenet", 224)).macs_per_view,
            1814073344 - 512 * 1000);
}

TEST(Plan, OneDeviceNeedsNoTraffic) {
  const plan::Plan p =
      plan::make_plan(settings_of("resnet18", "direct", "imagenet", 224), 1000000, 1, 1, plain_machine());
  EXPECT_EQ(p.bytes_sent, 0);
  EXPECT_EQ(p.gradient_seconds + p.embedding_seconds + p.norm_seconds, 0);
  EXPECT_EQ(p.images_per_device, 4096);
  EXPECT_EQ(p.steps, 100 * (1000000 / 4096));
  // Three times two operations a multiply-add, two views.
  EXPECT_NEAR(p.compute_seconds, 3 * 2 * 2 * 4096 * 1813561344.0 / 1e12, 1e-6);
  EXPECT_EQ(p.bottleneck, "computing");
}

TEST(Plan, FollowsTheRingsClosedForms) {
  settings::TrainSettings s = settings_of("resnet18", "direct", "imagenet", 224);
  s.sync_batch_norm = false;
  const plan::Machine m = plain_machine();
  const plan::Plan p = plan::make_plan(s, 1000000, 2, 4, m);
  const double bytes = 4.0 * static_cast<double>(p.network.parameters);
  EXPECT_NEAR(p.gradient_seconds, 2 * (2 + 1) * 1e-5 + 2 * bytes * 7 / 8 / 1e9, 1e-9);
  EXPECT_NEAR(p.bytes_sent, 7.0 / 8 * (2 * bytes + 2 * 4 * 4096 * 90), 1);
  EXPECT_EQ(p.norm_seconds, 0);
  // Twice the devices: half the work of each.
  const plan::Plan more = plan::make_plan(s, 1000000, 4, 4, m);
  EXPECT_NEAR(more.compute_seconds, p.compute_seconds / 2, 1e-9);
  EXPECT_NEAR(more.loss_seconds, p.loss_seconds / 2, 1e-9);
  s.sync_batch_norm = true;
  EXPECT_GT(plan::make_plan(s, 1000000, 2, 4, m).norm_seconds, 20 * 1e-5);
}

TEST(Plan, CountsTheMatrixOfAnOrthogonalProjectorOnceAPass) {
  const plan::Machine machine = plain_machine();
  const auto seconds = [&](const char* projector, int64_t micro_batch) {
    settings::TrainSettings s = settings_of("resnet18", projector, "imagenet", 64);  // D = 512, batch 4,096
    s.micro_batch = micro_batch;
    return plan::make_plan(s, 1000000, 1, 1, machine).compute_seconds;
  };
  const double views = 2.0 * 2 * 4096 * 512 * 512 / 1e12, matrix = 2.0 * 30 * 512 * 512 * 512 / 1e12;
  EXPECT_NEAR(seconds("orthogonal", 0), seconds("none", 0) + 3 * views + matrix, 1e-9);
  EXPECT_NEAR(seconds("orthogonal", 1024), seconds("none", 1024) + 4 * views + 4 * matrix, 1e-9);
}

TEST(Plan, MicroBatchesTakeLessMemoryAndMoreTime) {
  settings::TrainSettings s = settings_of("resnet50", "direct", "imagenet", 224);
  const plan::Plan whole = plan::make_plan(s, 1000000, 1, 8, plain_machine());
  s.micro_batch = 32;
  const plan::Plan parts = plan::make_plan(s, 1000000, 1, 8, plain_machine());
  EXPECT_LT(parts.device_bytes, whole.device_bytes / 4);
  EXPECT_NEAR(parts.compute_seconds, whole.compute_seconds * 4 / 3, 1e-6);
}

TEST(Plan, NamesTheLoaderWhenItIsSlowest) {
  plan::Machine m = plain_machine();
  m.flops_per_second = 1e16;
  m.loss_flops_per_second = 1e16;
  m.bytes_per_second = 1e13;
  m.loader_images_per_second = 10;
  m.cores = 4;
  const plan::Plan p = plan::make_plan(settings_of("resnet18", "direct", "imagenet", 224), 1000000, 1, 8, m);
  EXPECT_EQ(p.bottleneck, "decoding and augmenting images");
  EXPECT_NEAR(p.step_seconds, 4096.0 / 40, 1e-9);
}

TEST(Plan, RefusesWhatCannotBe) {
  const settings::TrainSettings s = settings_of("resnet18", "direct", "imagenet", 224);
  EXPECT_NE(test::error_of([&] { plan::make_plan(s, 1000000, 1024, 8, plain_machine()); }).find("--batch-size"),
            std::string::npos);
  EXPECT_NE(test::error_of([&] { plan::make_plan(s, 100, 1, 1, plain_machine()); }).find("--batch-size: "),
            std::string::npos);
  EXPECT_NE(test::error_of([] { plan::Machine::assumed("h1000"); }).find("neither a file"), std::string::npos);
  plan::Machine alone = plain_machine();
  alone.node_bytes_per_second = 0;
  EXPECT_NE(test::error_of([&] { plan::make_plan(s, 1000000, 2, 8, alone); }).find("messages between nodes"),
            std::string::npos);
  alone.bytes_per_second = 0;
  EXPECT_NE(test::error_of([&] { plan::make_plan(s, 1000000, 1, 8, alone); }).find("messages inside a node"),
            std::string::npos);
  EXPECT_GT(plan::make_plan(s, 1000000, 1, 1, alone).step_seconds, 0);
}

TEST(Machine, IsAddedToAFileAndReadBack) {
  const test::TemporaryFolder folder;
  const auto path = folder / "machine.json";
  plan::Machine step = plain_machine();
  step.bytes_per_second = step.latency_seconds = 0;
  step.name = "a";
  step.cores = 7;
  step.processes = 3;
  step.threads = 2;
  step.add_to(path);
  plan::Machine comm;
  comm.bytes_per_second = 5;
  comm.add_to(path);
  const plan::Machine both = plan::Machine::read(path);
  EXPECT_EQ(both.name, "a");
  EXPECT_EQ(both.cores, 7);
  EXPECT_EQ(both.processes, 3);
  EXPECT_EQ(both.threads, 2);
  EXPECT_EQ(both.flops_per_second, 1e12);
  EXPECT_EQ(both.bytes_per_second, 5);
  write_file(path, "{\"version\": 1, \"flops_per_second\": \"x\"}");
  EXPECT_NE(test::error_of([&] { plan::Machine::read(path); }).find("'flops_per_second' is no number"),
            std::string::npos);
  write_file(path, "[]");
  EXPECT_NE(test::error_of([&] { plan::Machine::read(path); }).find("no description of a machine"), std::string::npos);
  EXPECT_NE(test::error_of([&] { step.add_to(path); }).find("no description of a machine"), std::string::npos);
}

}  // namespace
}  // namespace directclr::train
