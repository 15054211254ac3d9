#include "directclr/train/parts.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/conv.h>
#include <torch/types.h>

#include <filesystem>
#include <utility>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/loss/contrastive.h"
#include "directclr/settings/finished_run.h"
#include "directclr/tensor/tensor_file.h"
#include "directclr/train/trainer.h"
#include "tests/support/error_of.h"
#include "tests/support/ranks.h"
#include "tests/support/small_training.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::train {
namespace {

// 8 steps in all.
class PartsTest : public test::SmallTraining {
 protected:
  PartsTest() {
    settings_.epochs = 2;
    settings_.resolve({});
  }

  uint64_t seed() const { return static_cast<uint64_t>(settings_.seed); }
  model::ResNet resnet() const { return model::make_encoder(settings_.encoder, settings_.augment.image_size, seed()); }

  // All parts as the settings describe them, given as one's own.
  Parts all_parts() const {
    Parts parts;
    parts.source = data::open_source(settings_.data, data::Split::kTrain);
    parts.encoder = encoder_of(resnet());
    parts.projector = model::make_projector(settings_.projector, resnet()->representation(), seed());
    parts.loss = [tau = settings_.loss.tau](const torch::Tensor& z_a, const torch::Tensor& z_b,
                                            const distributed::Rows& rows) {
      return loss::info_nce(z_a, z_b, tau, rows);
    };
    parts.optimizer = [optimizer = settings_.optimizer](std::vector<optim::NamedTensor> parameters) {
      return optim::make_optimizer(optimizer, std::move(parameters));
    };
    return parts;
  }

  static void expect_same(const settings::RunDirectory& a, const settings::RunDirectory& b, const std::string& what) {
    const auto read = [](const settings::RunDirectory& directory) {
      return tensor::read_safetensors(directory.checkpoint(directory.checkpoints().front()));
    };
    const auto one = read(a), two = read(b);
    ASSERT_EQ(one.tensors.size(), two.tensors.size()) << what;
    for (const auto& [name, tensor] : one.tensors) {
      ASSERT_NE(two.find(name), nullptr) << what << ": " << name;
      EXPECT_TRUE(test::identical(*two.find(name), tensor)) << what << ": " << name;
    }
    EXPECT_EQ(one.metadata.at("step"), two.metadata.at("step")) << what;
  }
};

TEST_F(PartsTest, GiveTheRunOfTheSettingsWhenTheyAreTheSame) {
  train(settings_, run("settings"), settings::StartMode::kNew, "test", {});
  for (const char* name : {"source", "encoder", "projector", "loss", "optimizer", "all"}) {
    const std::string which = name;
    const Parts all = all_parts();
    Parts parts = which == "all" ? all : Parts{};
    if (which == "source") parts.source = all.source;
    if (which == "encoder") parts.encoder = all.encoder;
    if (which == "projector") parts.projector = all.projector;
    if (which == "loss") parts.loss = all.loss;
    if (which == "optimizer") parts.optimizer = all.optimizer;
    train(settings_, parts, run(which));
    expect_same(run("settings"), run(which), which);
    EXPECT_EQ(settings::recorded_own_parts(run(which)), own_parts(parts));
    const bool other_network = which == "encoder" || which == "projector" || which == "all";
    const std::string message = test::error_of([&] { load_model(run(which)); });
    EXPECT_EQ(message.find("was trained with an own") != std::string::npos, other_network) << message;
    EXPECT_EQ(test::error_of([&] { make_untrained_model(run(which)); }), message) << "nor has it a random baseline";
  }
}

TEST_F(PartsTest, AreUsed) {
  Parts parts;
  int64_t losses = 0;
  parts.loss = [&](const torch::Tensor& z_a, const torch::Tensor& z_b, const distributed::Rows& rows) {
    ++losses;
    return (z_a - z_b).square().sum() / static_cast<double>(rows.total);
  };
  const auto result = train(settings_, parts, run("a"));
  EXPECT_EQ(losses, 8);
  EXPECT_GE(result.last_loss, 0);
}

TEST_F(PartsTest, CallbacksSeeEveryStepAndEpoch) {
  std::vector<int64_t> steps, epochs;
  Parts parts;
  parts.callbacks.on_step = [&](const StepReport& report) {
    steps.push_back(report.step);
    EXPECT_EQ(report.total_steps, 8);
    EXPECT_DOUBLE_EQ(report.epoch, static_cast<double>(report.step) / 4);
    EXPECT_TRUE(std::isfinite(report.loss));
    EXPECT_EQ(report.r.sizes(), (std::vector<int64_t>{32, 64}));
    EXPECT_EQ(report.z.sizes(), (std::vector<int64_t>{32, 8}));
    EXPECT_FALSE(report.r.requires_grad() || report.z.requires_grad());
    EXPECT_TRUE(report.online_top1.has_value());
    return Then::kGoOn;
  };
  parts.callbacks.on_epoch = [&](const EpochReport& report) {
    epochs.push_back(report.epoch);
    EXPECT_EQ(report.step, 4 * report.epoch);
    return Then::kGoOn;
  };
  train(settings_, parts, run("a"));
  EXPECT_EQ(steps, (std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(epochs, (std::vector<int64_t>{1, 2}));
  EXPECT_TRUE(settings::recorded_own_parts(run("a")).empty()) << "a callback changes no result";
}

TEST_F(PartsTest, CallbacksHearWarnings) {
  settings_.optimizer.warmup_epochs = 0;
  settings_.monitor_every = 1;
  Parts parts;  // the same numbers for every image
  parts.loss = [](const torch::Tensor& z_a, const torch::Tensor&, const distributed::Rows&) { return 0 * z_a.sum(); };
  torch::nn::Conv2d flat(torch::nn::Conv2dOptions(3, 8, 3));
  parts.encoder = {flat.ptr(), [flat](const torch::Tensor& images) mutable {
                     return 0 * flat(images).mean({2, 3}) + 1;
                   }};
  settings_.projector.projector = "none";
  settings_.projector.d0 = 4;  // was that of the ResNet
  std::vector<std::string> heard;
  parts.callbacks.on_warning = [&](int64_t, const std::string& warning) { heard.push_back(warning); };
  train(settings_, parts, run("a"));
  ASSERT_EQ(heard.size(), 1U);
  EXPECT_NE(heard[0].find("complete collapse"), std::string::npos) << heard[0];
}

TEST_F(PartsTest, ARunThatACallbackStoppedGoesOnBitForBit) {
  train(settings_, all_parts(), run("whole"));
  Parts stopping = all_parts();
  stopping.callbacks.on_step = [](const StepReport& report) { return report.step == 3 ? Then::kStop : Then::kGoOn; };
  EXPECT_THROW(train(settings_, stopping, run("parts")), Interrupted);
  EXPECT_EQ(run("parts").checkpoints(), (std::vector<int64_t>{3}));
  TrainOptions resume;
  resume.mode = settings::StartMode::kResume;
  const std::string message = test::error_of([&] { train(settings_, Parts{}, run("parts"), resume); });
  EXPECT_NE(message.find("begun with the user's own source, encoder"), std::string::npos) << message;
  Parts epoch = all_parts();
  epoch.callbacks.on_epoch = [](const EpochReport& report) { return report.epoch == 1 ? Then::kStop : Then::kGoOn; };
  EXPECT_THROW(train(settings_, epoch, run("parts"), resume), Interrupted);
  train(settings_, all_parts(), run("parts"), resume);
  expect_same(run("whole"), run("parts"), "resumed");
}

TEST_F(PartsTest, WrongShapesAreNamedBeforeAnythingIsWritten) {
  const auto message_of = [&](const Parts& parts) -> std::string {
    try {
      train(settings_, parts, run("a"));
    } catch (const c10::Error& error) {
      return error.what_without_backtrace();
    }
    return "no error";
  };
  Parts parts;
  parts.encoder = encoder_of(torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 5, 1)));
  const int64_t side = settings_.augment.image_size;
  const std::string shape = c10::str(torch::zeros({2, 5, side, side}).sizes());
  EXPECT_NE(message_of(parts).find("must give r (N, D)"), std::string::npos) << message_of(parts);
  EXPECT_NE(message_of(parts).find(shape), std::string::npos) << message_of(parts);
  EXPECT_FALSE(run("a").exists());

  Parts vector_loss;
  vector_loss.loss = [](const torch::Tensor& z_a, const torch::Tensor& z_b, const distributed::Rows&) {
    return (z_a - z_b).square().sum(1);
  };
  EXPECT_NE(message_of(vector_loss).find("a loss of one number, got [16]"), std::string::npos)
      << message_of(vector_loss);

  settings_.knn_every = 1;
  Parts own_source;
  own_source.source = all_parts().source;
  EXPECT_NE(test::error_of([&] { train(settings_, own_source, run("b")); }).find("--knn-every: the k-NN score asks"),
            std::string::npos);
}

// 70 images of the bank and 20 that ask, in evaluation mode, once an epoch; two images tell the width.
TEST_F(PartsTest, KnnScoresAreOfTheOwnEncoder) {
  settings_.knn_every = 1;
  settings_.keep_best = "knn_top1";
  std::vector<double> scores;
  Parts parts;
  parts.callbacks.on_epoch = [&](const EpochReport& report) {
    scores.push_back(report.knn_top1.value_or(-1));
    return Then::kGoOn;
  };
  train(settings_, parts, run("settings"));
  const auto expected = std::exchange(scores, {});
  ASSERT_EQ(expected.size(), 2U);
  EXPECT_GE(expected[0], 0);

  int64_t evaluated = 0;
  const model::ResNet encoder = resnet();
  parts.encoder = {encoder.ptr(), [&, own = encoder](const torch::Tensor& images) mutable {
                     if (!own->is_training()) evaluated += images.size(0);
                     return own->forward(images);
                   }};
  train(settings_, parts, run("own"));
  EXPECT_EQ(scores, expected);
  EXPECT_EQ(evaluated, 2 + 2 * (70 + 20));
  EXPECT_TRUE(encoder->is_training());
  EXPECT_TRUE(std::filesystem::exists(run("own").best()));
  expect_same(run("settings"), run("own"), "own");

  // One to which, when asked, all images look alike knows as much as chance: one of ten classes.
  parts.encoder = {encoder.ptr(), [own = encoder](const torch::Tensor& images) mutable {
                     const torch::Tensor r = own->forward(images);
                     return own->is_training() ? r : 0 * r + 1;
                   }};
  scores.clear();
  train(settings_, parts, run("blind"));
  for (const double score : scores) EXPECT_NEAR(score, 0.1, 1e-9);
}

TEST_F(PartsTest, ARankWhoseParametersChangeEndsTheRun) {
  test::on_ranks(2, [&](const distributed::ProcessGroup& group) {
    const model::ResNet encoder = resnet();
    Parts parts;
    parts.encoder = encoder_of(encoder);
    parts.callbacks.on_step = [&](const StepReport& report) {
      const torch::NoGradGuard no_grad;
      if (group.rank() == 1 && report.step == 3) encoder->parameters()[0][0].add_(1e-3);
      return Then::kGoOn;
    };
    TrainOptions options;
    options.group = group;
    const std::string message = test::error_of([&] { train(settings_, parts, run("a"), options); });
    EXPECT_NE(message.find("step 4: parameter 'encoder/"), std::string::npos) << message;
    EXPECT_NE(message.find("rank 1"), std::string::npos) << message;
  });
}

TEST_F(PartsTest, OneRankThatStopsStopsAll) {
  test::on_ranks(2, [&](const distributed::ProcessGroup& group) {
    Parts parts;
    parts.callbacks.on_step = [&](const StepReport& report) {
      return group.rank() == 1 && report.step == 3 ? Then::kStop : Then::kGoOn;
    };
    TrainOptions options;
    options.group = group;
    EXPECT_THROW(train(settings_, parts, run("a"), options), Interrupted);
  });
  EXPECT_EQ(run("a").checkpoints(), (std::vector<int64_t>{3}));
}

}  // namespace
}  // namespace directclr::train
