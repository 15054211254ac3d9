#include "directclr/train/trainer.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <atomic>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/model/convolution.h"
#include "directclr/spectrum/spectra_log.h"
#include "directclr/tensor/tensor_file.h"
#include "directclr/train/checkpoint.h"
#include "directclr/train/contrastive_model.h"
#include "directclr/train/start.h"
#include "tests/support/error_of.h"
#include "tests/support/idx_files.h"
#include "tests/support/ranks.h"
#include "tests/support/small_training.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::train {
namespace {

using test::error_of;

// 12 steps in all.
class TrainerTest : public test::SmallTraining {
 protected:
  TrainerTest() {
    settings_.epochs = 3;
    settings_.optimizer.warmup_epochs = 1;
    settings_.resolve({"warmup_epochs"});
  }

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
      // So do the spectra, to the last digit; the first line has the run's id.
      const auto spectra = [](const settings::RunDirectory& directory) {
        const std::string text = read_file(directory.spectra());
        return text.substr(text.find('\n'));
      };
      EXPECT_EQ(spectra(parts), spectra(whole));
      EXPECT_FALSE(spectrum::read_spectra_log(read_file(whole.spectra())).steps.empty());
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
  const auto of_checkpoints = std::count_if(notices.begin(), notices.end(), [](const std::string& notice) {
    return notice.find("damaged checkpoint") != std::string::npos;
  });
  EXPECT_EQ(of_checkpoints, 1) << join(notices);
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

TEST_F(TrainerTest, GoesOnWithMoreEpochsAtTheScheduleOfSoMany) {
  settings_.epochs = 5;
  settings_.log_every = 1;
  train(settings_, run("long"), settings::StartMode::kNew, "test", {});
  settings_.epochs = 3;
  train(settings_, run("a"), settings::StartMode::kNew, "first", {});
  write_file(run("a").evaluation(), "{}");
  const std::string id = run("a").id();
  settings_.epochs = 2;
  EXPECT_NE(error_of([&] { train(settings_, run("a"), settings::StartMode::kResume, "test", {}); }).find("not fewer"),
            std::string::npos);
  settings_.epochs = 5;
  std::vector<std::string> notices;
  Context context;
  context.notice = [&](const std::string& line) { notices.push_back(line); };
  const TrainResult result = train(settings_, run("a"), settings::StartMode::kResume, "second", context);
  EXPECT_EQ(result.steps, 20);
  EXPECT_FALSE(result.finished_before);
  EXPECT_FALSE(std::filesystem::exists(run("a").evaluation())) << "it is of the shorter run";
  EXPECT_EQ(run("a").settings().epochs, 5);
  EXPECT_EQ(run("a").id(), id);
  // From step 13 on the learning rates are those of a run that had five epochs from the start.
  const auto rates = [](const settings::RunDirectory& directory) {
    std::vector<std::pair<int64_t, double>> values;
    for (const auto& line : split(read_file(directory.metrics()), '\n')) {
      if (line.empty()) continue;
      const Json entry = Json::parse(line);
      values.emplace_back(entry.at("step").get<int64_t>(), entry.at("lr").get<double>());
    }
    return values;
  };
  const auto of_long = rates(run("long")), of_longer = rates(run("a"));
  ASSERT_EQ(of_longer.size(), 20U);
  for (size_t i = 12; i < 20; ++i) EXPECT_EQ(of_longer[i], of_long[i]);
  EXPECT_NE(of_longer[8], of_long[8]);
  std::erase_if(notices, [](const std::string& notice) { return notice.starts_with("warning: "); });
  ASSERT_EQ(notices.size(), 2U) << "what was read, and the new schedule: " << join(notices);
  EXPECT_NE(notices[1].find("5 epochs instead of 3: from step 13 on"), std::string::npos) << notices[1];
  EXPECT_NE(notices[1].find(format("%g at step 13 and %g at step 20", of_long[12].second, of_long[19].second)),
            std::string::npos)
      << notices[0];
  const Json environment = Json::parse(read_file(run("a").environment()));
  const Json& history = environment.at("history");
  ASSERT_EQ(history.size(), 2U);
  EXPECT_EQ(history[0].at("what"), "start");
  EXPECT_EQ(history[0].at("command"), "first");
  EXPECT_EQ(history[1].at("what"), "more epochs");
  EXPECT_EQ(history[1].at("epochs_before"), 3);
  EXPECT_EQ(history[1].at("from_step"), 12);
  EXPECT_EQ(environment.at("command"), "second");
  EXPECT_EQ(environment.at("convolution_rule"), 2);
}

TEST_F(TrainerTest, KeepsTheBestStateByAMeasure) {
  settings_.keep_best = "loss";
  settings_.log_every = 1;
  settings_.checkpoint_every = 0.5;  // every two steps
  settings_.optimizer.lr = 20;       // up and down
  train(settings_, run("whole"), settings::StartMode::kNew, "test", {});
  std::vector<double> losses;
  for (const auto& line : split(read_file(run("whole").metrics()), '\n')) {
    if (!line.empty()) losses.push_back(Json::parse(line).at("loss").get<double>());
  }
  size_t best = 0;
  for (size_t i = 0; i + 1 < losses.size(); i += 2) {
    if (losses[i] + losses[i + 1] < losses[best] + losses[best + 1]) best = i;
  }
  const auto kept = tensor::read_safetensors(run("whole").best());
  EXPECT_EQ(kept.metadata.at("step"), std::to_string(best + 2));
  EXPECT_EQ(kept.metadata.at("keep_best"), "loss");
  EXPECT_NEAR(std::stod(kept.metadata.at("value")), (losses[best] + losses[best + 1]) / 2, 1e-4);
  // Stops come between regular checkpoints, and change nothing.
  train_and_stop(run("parts"), settings::StartMode::kNew, 3);
  train_and_stop(run("parts"), settings::StartMode::kResume, 9);
  train(settings_, run("parts"), settings::StartMode::kResume, "test", {});
  const auto again = tensor::read_safetensors(run("parts").best());
  EXPECT_EQ(again.metadata.at("step"), kept.metadata.at("step"));
  EXPECT_EQ(again.metadata.at("value"), kept.metadata.at("value"));
  for (const auto& [name, tensor] : kept.tensors) EXPECT_TRUE(test::identical(*again.find(name), tensor)) << name;
}

TEST_F(TrainerTest, KeepsTheBestStateByRankAndByKnn) {
  settings_.log_every = 4;
  settings_.knn_every = 1;
  for (const std::string measure : {"rank_r", "knn_top1"}) {
    settings_.keep_best = measure;
    train(settings_, run(measure), settings::StartMode::kNew, "test", {});
    double best = 0;
    int64_t step = 0;
    for (const auto& line : split(read_file(run(measure).metrics()), '\n')) {
      const Json entry = line.empty() ? Json::object() : Json::parse(line);
      if (entry.value(measure, 0.0) <= best || entry.at("step") == 1) continue;
      best = entry.at(measure).get<double>();
      step = entry.at("step").get<int64_t>();
    }
    const auto kept = tensor::read_safetensors(run(measure).best());
    EXPECT_EQ(kept.metadata.at("step"), std::to_string(step)) << measure;
    EXPECT_NEAR(std::stod(kept.metadata.at("value")), best, 1e-4 * best) << measure;
  }
}

TEST_F(TrainerTest, HasItsDirectoryForItself) {
  std::vector<std::string> refusals;
  Context context;
  context.progress = [&](const Progress&) {
    if (!refusals.empty()) return;
    for (const auto mode : {settings::StartMode::kOverwrite, settings::StartMode::kResume, settings::StartMode::kNew}) {
      refusals.push_back(error_of([&] { train(settings_, run("a"), mode, "test", {}); }));
    }
  };
  train(settings_, run("a"), settings::StartMode::kNew, "test", context);
  ASSERT_EQ(refusals.size(), 3U);
  for (const auto& refusal : refusals) EXPECT_NE(refusal.find("is at work here since"), std::string::npos) << refusal;
  EXPECT_TRUE(run("a").finished());
  EXPECT_FALSE(std::filesystem::exists(run("a").path() / ".lock"));
}

TEST_F(TrainerTest, RefusesFilesOfTwoRuns) {
  train_and_stop(run("a"), settings::StartMode::kNew, 6);
  train_and_stop(run("b"), settings::StartMode::kNew, 6);
  const auto resumed = [&](const char* name) {
    return error_of([&] { train(settings_, run(name), settings::StartMode::kResume, "test", {}); });
  };
  const auto mixed = [&](const std::filesystem::path& mine, const std::filesystem::path& theirs) {
    const std::string before = read_file(mine);
    write_file(mine, read_file(theirs));
    const std::string problem = resumed("a");
    write_file(mine, before);
    return problem;
  };
  EXPECT_NE(mixed(run("a").checkpoint(6), run("b").checkpoint(6)).find("is of run " + run("b").id()),
            std::string::npos);
  EXPECT_NE(mixed(run("a").metrics(), run("b").metrics()).find("holds files of two runs"), std::string::npos);
  EXPECT_NE(mixed(run("a").config(), run("b").config()).find("holds files of two runs"), std::string::npos);
  EXPECT_EQ(resumed("a"), "no error");
  // Weights are the same bytes in every repetition and carry no id: DONE knows them.
  settings_.seed = 1;
  train(settings_, run("other"), settings::StartMode::kNew, "test", {});
  write_file(run("a").projector(), read_file(run("other").projector()));
  EXPECT_NE(error_of([&] { load_model(run("a")); }).find("is not what the run ended with"), std::string::npos);
  // Without config.toml it is no run to resume, nor a place for a new one.
  std::filesystem::remove(run("a").config());
  EXPECT_NE(error_of([&] {
              train(settings_, run("a"), settings::StartMode::kNew, "test", {});
            }).find("holds a run without its config.toml"),
            std::string::npos);
  train(settings_, run("a"), settings::StartMode::kOverwrite, "test", {});
  EXPECT_EQ(error_of([&] { load_model(run("a")); }), "no error");
}

TEST_F(TrainerTest, OverwritesRunsAlone) {
  make_directories(run("a").path() / "figures");
  write_file(run("a").path() / "figures/mine.txt", "of another program");
  train(settings_, run("a"), settings::StartMode::kOverwrite, "test", {});
  EXPECT_EQ(read_file(run("a").path() / "figures/mine.txt"), "of another program");
  make_directories(run("a").path() / "report.figures");
  train(settings_, run("a"), settings::StartMode::kOverwrite, "test", {});
  EXPECT_FALSE(std::filesystem::exists(run("a").path() / "report.figures")) << "of the page that is gone, too";
  EXPECT_FALSE(std::filesystem::exists(run("a").path() / "figures/mine.txt")) << "a run's figures are its own";
}

TEST_F(TrainerTest, ReadsRunsOfEarlierVersions) {
  train_and_stop(run("a"), settings::StartMode::kNew, 6);
  // As they were written: no ids, no history.
  const auto edited = [](const std::filesystem::path& path, const std::string& from, const std::string& to) {
    std::string text = read_file(path);
    const size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << path;
    write_file(path, text.replace(at, from.size(), to));
  };
  const std::string id = run("a").id();
  edited(run("a").config(), "directclr run " + id, "directclr run");
  edited(run("a").metrics(), "\"run_id\": \"" + id + "\", ", "");
  write_file(run("a").environment(), R"({"directclr": "0.1", "command": "an old one"})");
  for (const int64_t step : run("a").checkpoints()) {
    auto file = tensor::read_safetensors(run("a").checkpoint(step));
    for (const char* key : {"run_id", "loss_sum", "loss_steps", "spectra_bytes"}) file.metadata.erase(key);
    tensor::write_safetensors(run("a").checkpoint(step), file);
  }
  std::vector<std::string> notices;
  Context context;
  context.notice = [&](const std::string& line) { notices.push_back(line); };
  EXPECT_EQ(recorded_convolution_rule(run("a")), 0);
  train(settings_, run("a"), settings::StartMode::kResume, "test", context);
  EXPECT_NE(join(notices).find("computes convolutions in another way"), std::string::npos) << join(notices);
  EXPECT_EQ(recorded_convolution_rule(run("a")), 2);
  EXPECT_GT(spectrum::read_spectra_log(read_file(run("a").spectra())).steps.front(), 6) << "from the resume on";
  EXPECT_EQ(run("a").id(), "");
  EXPECT_EQ(error_of([&] { load_model(run("a")); }), "no error");
  const Json environment = Json::parse(read_file(run("a").environment()));
  ASSERT_EQ(environment.at("history").size(), 2U);
  EXPECT_EQ(environment.at("history")[0].at("command"), "an old one");
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
