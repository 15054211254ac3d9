#include "directclr/train/trainer.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <atomic>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/tensor/tensor_file.h"
#include "directclr/train/checkpoint.h"
#include "directclr/train/contrastive_model.h"
#include "tests/support/error_of.h"
#include "tests/support/idx_files.h"
#include "tests/support/ranks.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::train {
namespace {

using test::error_of;

class TrainerTest : public ::testing::Test {
 protected:
  TrainerTest() {
    test::write_idx_set(folder_ / "data", 70, 20);
    settings_.data = "fashion-mnist:" + (folder_ / "data").string();
    settings_.encoder.arch = "basic:1,1,1,1:8";  // four channels are too few for oneDNN on AVX2
    settings_.encoder.stem = "small";
    settings_.epochs = 3;
    settings_.batch_size = 16;  // 4 steps an epoch, 12 in all
    settings_.threads = 1;
    settings_.workers = 2;
    settings_.log_every = 2;
    settings_.projector.projector_dim = 8;
    settings_.precision = "float32";
    settings_.optimizer.warmup_epochs = 1;
    settings_.resolve({"warmup_epochs"});
  }

  settings::RunDirectory run(const std::string& name) const { return settings::RunDirectory(folder_ / name); }

  // Trains, but asks to stop as soon as `steps` steps are done.
  void train_and_stop(const settings::RunDirectory& directory, settings::StartMode mode, int64_t steps) const {
    std::atomic<int> stop{0};
    Context context;
    context.stop = &stop;
    context.progress = [&](const Progress& progress) {
      if (progress.done >= static_cast<uint64_t>(steps * settings_.batch_size)) stop = 2;
    };
    EXPECT_THROW(train(settings_, directory, mode, "test", context), Interrupted);
  }

  static tensor::TensorFile last_checkpoint(const settings::RunDirectory& directory) {
    return tensor::read_safetensors(directory.checkpoint(directory.checkpoints().front()));
  }

  static void expect_same(const settings::RunDirectory& a, const settings::RunDirectory& b) {
    const auto one = last_checkpoint(a);
    const auto two = last_checkpoint(b);
    ASSERT_EQ(one.tensors.size(), two.tensors.size());
    ASSERT_GT(one.tensors.size(), 60U);
    for (const auto& [name, tensor] : one.tensors) EXPECT_TRUE(test::identical(*two.find(name), tensor)) << name;
    EXPECT_EQ(one.metadata.at("step"), two.metadata.at("step"));
    EXPECT_TRUE(test::identical(tensor::read_safetensors(b.encoder()).tensors[0].second,
                                tensor::read_safetensors(a.encoder()).tensors[0].second));
  }

  test::TemporaryFolder folder_;
  settings::TrainSettings settings_;
};

TEST_F(TrainerTest, ResumedRunsEqualUninterruptedOnesBitForBit) {
  for (const char* projector : {"mlp", "random-dropout"}) {
    for (const char* optimizer : {"lars", "adamw"}) {
      settings_.projector.projector = projector;
      settings_.optimizer.optimizer = optimizer;
      const std::string name = std::string(projector) + optimizer;
      const auto whole = run(name + "-whole");
      const auto parts = run(name + "-parts");
      train(settings_, whole, settings::StartMode::kNew, "test", {});
      train_and_stop(parts, settings::StartMode::kNew, 3);     // in the middle of an epoch
      train_and_stop(parts, settings::StartMode::kResume, 8);  // at the end of one
      train(settings_, parts, settings::StartMode::kResume, "test", {});
      expect_same(whole, parts);
      // The log goes on as if nothing had happened, except for the clock.
      const auto losses = [](const settings::RunDirectory& directory) {
        std::string result;
        const std::string text = read_file(directory.metrics());
        for (size_t at = text.find("\"loss\""); at != std::string::npos; at = text.find("\"loss\"", at + 1)) {
          result += text.substr(at, text.find(',', at) - at) + "\n";
        }
        return result;
      };
      EXPECT_EQ(losses(parts), losses(whole));
    }
  }
}

TEST_F(TrainerTest, RepeatsItselfBitForBit) {
  train(settings_, run("a"), settings::StartMode::kNew, "test", {});
  settings_.workers = 3;
  train(settings_, run("b"), settings::StartMode::kNew, "test", {});
  expect_same(run("a"), run("b"));
}

TEST_F(TrainerTest, FallsBackFromADamagedCheckpoint) {
  const auto whole = run("whole");
  const auto hurt = run("hurt");
  train(settings_, whole, settings::StartMode::kNew, "test", {});
  train_and_stop(hurt, settings::StartMode::kNew, 6);  // checkpoints at 4 (epoch) and 6 (stop)
  ASSERT_EQ(hurt.checkpoints(), (std::vector<int64_t>{6, 4}));
  std::string bytes = read_file(hurt.checkpoint(6));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  write_file(hurt.checkpoint(6), bytes);
  std::vector<std::string> notices;
  Context context;
  context.notice = [&](const std::string& line) { notices.push_back(line); };
  train(settings_, hurt, settings::StartMode::kResume, "test", context);
  ASSERT_EQ(notices.size(), 1U);
  EXPECT_NE(notices[0].find("damaged checkpoint"), std::string::npos) << notices[0];
  expect_same(whole, hurt);
}

TEST_F(TrainerTest, SaysWhatARunFinishedBeforeHadDone) {
  const TrainResult first = train(settings_, run("a"), settings::StartMode::kNew, "test", {});
  EXPECT_EQ(first.steps, 12);
  EXPECT_GT(first.seconds, 0);
  EXPECT_FALSE(first.finished_before);
  const TrainResult again = train(settings_, run("a"), settings::StartMode::kResume, "test", {});
  EXPECT_TRUE(again.finished_before);
  EXPECT_EQ(again.steps, 12);
  EXPECT_EQ(again.seconds, first.seconds);
  EXPECT_EQ(again.images_per_second, 0);
  EXPECT_EQ(again.last_loss, 0);
}

// The same step by one process and by several, and without another step after the floor was passed.
TEST_F(TrainerTest, StopsUnderAFloorAfterTheSameStepOnAnyNumberOfRanks) {
  settings_.stop.under = "rank=0.999D";
  settings_.log_every = 1;
  settings_.optimizer.warmup_epochs = 0;
  settings_.monitor_every = 1;
  const auto stopped = [&](const distributed::ProcessGroup& group, const std::string& name) {
    EXPECT_THROW(train(settings_, run(name), settings::StartMode::kNew, "test", {}, group), spectrum::GateFailure);
  };
  stopped({}, "one");
  test::on_ranks(2, [&](const distributed::ProcessGroup& group) { stopped(group, "two"); });
  ASSERT_FALSE(run("one").checkpoints().empty());
  EXPECT_LT(run("one").checkpoints().front(), 12);
  EXPECT_GE(run("one").checkpoints().front(), 4) << "an epoch of grace";
  EXPECT_EQ(run("two").checkpoints().front(), run("one").checkpoints().front());
}

// An untrained network is under any such floor: nothing is said of it at the first step, whatever the settings.
TEST_F(TrainerTest, SaysNothingOfAnUntrainedNetwork) {
  settings_.stop.on = "healthy,one-direction,collapse";
  settings_.grace_epochs = 0;
  settings_.optimizer.warmup_epochs = 0;
  settings_.log_every = 1;
  settings_.monitor_every = 1;
  settings_.monitor_memory = 2;
  std::vector<std::string> notices;
  Context context;
  context.notice = [&](const std::string& line) { notices.push_back(line); };
  EXPECT_THROW(train(settings_, run("a"), settings::StartMode::kNew, "test", context), spectrum::GateFailure);
  EXPECT_GE(run("a").checkpoints().front(), 2);
  for (const auto& line : notices) EXPECT_EQ(line.find("step 1,"), std::string::npos) << line;
}

TEST_F(TrainerTest, KeepsTheLastTwoCheckpoints) {
  train(settings_, run("a"), settings::StartMode::kNew, "test", {});
  EXPECT_EQ(run("a").checkpoints(), (std::vector<int64_t>{12, 8}));
}

TEST_F(TrainerTest, RefusesAnExistingRunAndChangedSettings) {
  train_and_stop(run("a"), settings::StartMode::kNew, 2);
  EXPECT_NE(
      error_of([&] { train(settings_, run("a"), settings::StartMode::kNew, "test", {}); }).find("holds a run already"),
      std::string::npos);
  auto changed = settings_;
  changed.encoder.arch = "basic:1,1,1,1:16";
  EXPECT_NE(error_of([&] { train(changed, run("a"), settings::StartMode::kResume, "test", {}); }).find("--arch"),
            std::string::npos);
  changed = settings_;
  changed.workers = 1;  // how a run is carried out may change
  EXPECT_EQ(error_of([&] { train(changed, run("a"), settings::StartMode::kResume, "test", {}); }), "no error");
  EXPECT_NE(error_of([&] {
              train(settings_, run("none"), settings::StartMode::kResume, "test", {});
            }).find("no run to resume"),
            std::string::npos);
  train(settings_, run("a"), settings::StartMode::kOverwrite, "test", {});
  EXPECT_TRUE(run("a").finished());
}

TEST_F(TrainerTest, RefusesOtherDataOnResume) {
  train_and_stop(run("a"), settings::StartMode::kNew, 2);
  test::write_idx_set(folder_ / "data", 71, 20);
  EXPECT_NE(error_of([&] { train(settings_, run("a"), settings::StartMode::kResume, "test", {}); }).find("data differ"),
            std::string::npos);
}

TEST_F(TrainerTest, StopsAtALossThatIsNotFinite) {
  settings_.optimizer.optimizer = "sgd";
  settings_.optimizer.lr = 1e4;
  settings_.optimizer.warmup_epochs = 0;
  settings_.optimizer.weight_decay = 10;  // batch norm forgives any scale but infinity
  std::string message;
  try {
    train(settings_, run("a"), settings::StartMode::kNew, "test", {});
  } catch (const NumericalError& error) {
    message = error.what();
  }
  EXPECT_NE(message.find("the loss is not finite at step"), std::string::npos) << message;
  EXPECT_NE(message.find("learning rate"), std::string::npos) << message;
}

TEST_F(TrainerTest, LearnsToTellTheImagesApart) {
  settings_.epochs = 30;
  settings_.augment.crop_scale_min = 0.9;
  settings_.augment.flip_probability = settings_.augment.jitter_probability = 0;
  settings_.projector.projector = "direct";
  settings_.projector.d0 = 16;
  settings_.optimizer.optimizer = "adamw";
  settings_.optimizer.lr = 0.005;
  const auto result = train(settings_, run("a"), settings::StartMode::kNew, "test", {});
  EXPECT_LT(result.last_loss, 0.8 * std::log(16.0)) << "log 16 is what a collapsed model gives";
  EXPECT_EQ(result.steps, 120);
}

TEST_F(TrainerTest, TakesEveryProjectorAndBothLosses) {
  settings_.epochs = 1;
  settings_.projector.d0 = 8;
  for (const char* loss : {"infonce", "ntxent"}) {
    settings_.loss.loss = loss;
    for (const char* projector : {"none", "direct", "linear", "diagonal", "orthogonal", "lowrank", "lowrank-fixed",
                                  "lowrank-diagonal", "group", "random-dropout", "mlp"}) {
      settings_.projector.projector = projector;
      EXPECT_EQ(train(settings_, run("a"), settings::StartMode::kOverwrite, "test", {}).steps, 4) << projector;
      EXPECT_NO_THROW(load_model(run("a"))) << projector;
    }
  }
}

TEST_F(TrainerTest, TrainsInBfloat16) {
  settings_.precision = "bfloat16";
  const auto result = train(settings_, run("a"), settings::StartMode::kNew, "test", {});
  EXPECT_TRUE(std::isfinite(result.last_loss));
  for (const auto& [name, tensor] : last_checkpoint(run("a")).tensors) {
    EXPECT_NE(tensor.scalar_type(), torch::kBFloat16) << name;  // master weights stay float32
  }
}

TEST(TrainSettings, ResolveFillsInThePresetAroundWhatWasGiven) {
  settings::TrainSettings s;
  s.data = "cifar10:/data";
  s.encoder.arch = "resnet18";
  s.augment.flip_probability = 0.25;
  s.resolve({"flip_probability"});
  EXPECT_EQ(s.augment.preset, "cifar");
  EXPECT_EQ(s.augment.image_size, 32);
  EXPECT_EQ(s.augment.blur_probability_a, 0);
  EXPECT_EQ(s.augment.flip_probability, 0.25);
  EXPECT_EQ(s.encoder.stem, "cifar");
  EXPECT_EQ(s.projector.d0, 90);
  EXPECT_DOUBLE_EQ(s.optimizer.lr, 0.3);
  EXPECT_DOUBLE_EQ(s.optimizer.weight_decay, 1e-6);
  // Resolving again, everything given, changes nothing.
  settings::TrainSettings again = s;
  FieldList fields = fields_of(again);
  const auto names = fields.names();
  again.resolve(std::set<std::string>(names.begin(), names.end()));
  settings::TrainSettings copy = s;
  EXPECT_EQ(write_toml(fields_of(again), ""), write_toml(fields_of(copy), ""));
}

TEST(TrainSettings, DefaultsAreThePapers) {
  settings::TrainSettings s;
  s.data = "folder:/imagenet";
  s.batch_size = 4096;
  s.resolve({});
  EXPECT_EQ(s.encoder.arch, "resnet50");
  EXPECT_DOUBLE_EQ(s.optimizer.lr, 4.8);
  EXPECT_EQ(s.optimizer.warmup_epochs, 10);
  EXPECT_EQ(s.epochs, 100);
  EXPECT_EQ(s.projector.d0, 360);
  EXPECT_EQ(s.loss.tau, 0.1);
  EXPECT_EQ(s.augment.crop_scale_min, 0.08);
  EXPECT_EQ(s.augment.jitter_saturation, 0.2);
  EXPECT_EQ(s.augment.solarize_probability_b, 0.2);
}

}  // namespace
}  // namespace directclr::train
