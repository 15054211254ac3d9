#include "directclr/eval/probe.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "directclr/core/error.h"
#include "directclr/data/sources.h"
#include "tests/support/idx_files.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::eval {
namespace {

Features clusters(int64_t count, double noise, int64_t seed) {
  torch::manual_seed(7);
  const torch::Tensor centres = torch::randn({3, 5});
  torch::manual_seed(static_cast<uint64_t>(seed));
  Features f;
  f.labels = torch::randint(3, {count});
  f.representation = centres.index_select(0, f.labels) + noise * torch::randn({count, 5});
  return f;
}

TEST(ProbeCached, SeparatesSeparableClassesAndReportsChanceOnNoise) {
  const settings::ProbeSettings settings;
  EXPECT_EQ(probe_cached(clusters(300, 0.1, 1), clusters(200, 0.1, 2), 3, settings, 0, {}).top1, 1);
  Features noise = clusters(600, 0.1, 1);
  Features other = clusters(600, 0.1, 2);
  noise.representation = torch::randn({600, 5});
  other.representation = torch::randn({600, 5});
  EXPECT_NEAR(probe_cached(noise, other, 3, settings, 0, {}).top1, 1.0 / 3, 5 * std::sqrt(2.0 / 9 / 600));
}

// For equal, round Gaussian clusters no classifier beats the nearest centre; logistic regression must come close to it.
TEST(ProbeCached, ComesNearTheBestPossibleClassifier) {
  torch::manual_seed(7);
  const torch::Tensor centres = torch::randn({3, 5});
  const Features test = clusters(4000, 1.0, 4);
  const torch::Tensor nearest = torch::cdist(test.representation, centres).argmin(1);
  const double best = nearest.eq(test.labels).to(torch::kDouble).mean().item<double>();
  const auto result = probe_cached(clusters(4000, 1.0, 3), test, 3, {}, 0, {});
  EXPECT_NEAR(result.top1, best, 0.01);
  EXPECT_EQ(result.top5, 1);
}

TEST(ProbeCached, UsesOnlyTheColumnsAsked) {
  settings::ProbeSettings settings;
  Features train = clusters(300, 0.1, 1);
  Features test = clusters(200, 0.1, 2);
  train.representation.slice(1, 0, 2) = 0;
  test.representation.slice(1, 0, 2) = 0;
  settings.dims = "0:2";  // nothing to see there
  EXPECT_LT(probe_cached(train, test, 3, settings, 0, {}).top1, 0.5);
  settings.dims = "2:5";
  EXPECT_GT(probe_cached(train, test, 3, settings, 0, {}).top1, 0.9);
}

TEST(ParseDims, TakesRangesWithinTheRepresentation) {
  EXPECT_EQ(parse_dims("", 8), (std::pair<int64_t, int64_t>{0, 8}));
  EXPECT_EQ(parse_dims("2:5", 8), (std::pair<int64_t, int64_t>{2, 5}));
  for (const char* text : {"5", "5:2", "2:2", "0:9", "a:b", "-1:3", "1:2:3"})
    EXPECT_THROW(parse_dims(text, 8), InputError) << text;
}

TEST(TopKAccuracy, CountsHitsAmongTheBest) {
  const torch::Tensor scores = torch::tensor({{3., 2., 1.}, {1., 2., 3.}});
  const torch::Tensor labels = torch::tensor({int64_t{1}, int64_t{2}});
  EXPECT_EQ(top_k_accuracy(scores, labels, 1), 0.5);
  EXPECT_EQ(top_k_accuracy(scores, labels, 2), 1);
  EXPECT_EQ(top_k_accuracy(scores, labels, 9), 1);
}

TEST(ProbeSgd, LearnsAndLeavesTheEncoderAlone) {
  const test::TemporaryFolder folder;
  test::write_idx_set(folder.path(), 400, 100);
  const auto train = data::open_idx(folder.path(), data::Split::kTrain, std::vector<std::string>(10, "class"));
  const auto test_set = data::open_idx(folder.path(), data::Split::kTest, std::vector<std::string>(10, "class"));
  data::AugmentSettings augment;
  augment.apply_preset("fashion");
  augment.crop_scale_min = 0.9;
  settings::EncoderSettings encoder_settings;
  encoder_settings.arch = "basic:1,1,1,1:8";
  encoder_settings.stem = "small";
  // With silent residual branches an untrained network sees little but the corners of an image.
  encoder_settings.zero_init_residual = false;
  model::ResNet encoder = model::make_encoder(encoder_settings, 28, 1);
  std::vector<torch::Tensor> before;
  for (const auto& p : encoder->parameters()) before.push_back(p.clone());
  for (const auto& b : encoder->buffers()) before.push_back(b.clone());
  settings::ProbeSettings settings;
  settings.probe_epochs = 40;
  settings.probe_batch_size = 50;
  settings.probe_lr = 1;

  const auto result =
      probe_sgd(encoder, *train, *test_set, augment, settings, torch::kCPU, FeatureOptions{}, 3, Context{});
  EXPECT_EQ(result.epoch_top1.size(), 40U);
  EXPECT_GT(result.top1, 0.4) << "chance is 0.1";
  EXPECT_GE(result.best_top1, result.top1);
  size_t at = 0;
  for (const auto& p : encoder->parameters()) EXPECT_TRUE(test::identical(p, before[at++]));
  for (const auto& b : encoder->buffers()) EXPECT_TRUE(test::identical(b, before[at++]));
}

}  // namespace
}  // namespace directclr::eval
