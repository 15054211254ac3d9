// What only a CUDA device can show. Skipped where there is none.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include "directclr/data/sources.h"
#include "directclr/dist/sync_batch_norm.h"
#include "directclr/eval/batch_images.h"
#include "directclr/loss/contrastive.h"
#include "directclr/model/resnet.h"
#include "directclr/train/trainer.h"
#include "tests/support/idx_files.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::train {
namespace {

class Cuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!torch::cuda::is_available()) GTEST_SKIP() << "no CUDA device, or libtorch without CUDA";
  }
};

TEST_F(Cuda, GivesTheProcessorsLossAndGradients) {
  model::EncoderSettings settings;
  settings.arch = "basic:1,1,1,1:8";
  model::ResNet here = model::make_encoder(settings, 32, 1);
  model::ResNet there = model::make_encoder(settings, 32, 1);
  here->to(torch::kDouble);
  there->to(torch::kDouble);
  there->to(torch::kCUDA);
  const torch::Tensor images = torch::randn({16, 3, 32, 32}, torch::kDouble);
  const auto backward = [&](model::ResNet& net, torch::Device device) {
    const auto z = net->forward(images.to(device)).chunk(2);
    torch::Tensor loss = loss::info_nce(z[0], z[1], 0.1);
    loss.backward();
    return loss.item<double>();
  };
  EXPECT_NEAR(backward(there, torch::kCUDA), backward(here, torch::kCPU), 1e-8);
  for (const auto& item : here->named_parameters()) {
    EXPECT_TRUE(test::all_close(there->named_parameters()[item.key()].grad().cpu(), item.value().grad(), 1e-6))
        << item.key();
  }
}

// Bytes that the device normalises against numbers that the loader did.
TEST_F(Cuda, NormalisesBytesAsTheLoaderDoes) {
  const test::TemporaryFolder folder;
  test::write_idx_set(folder.path(), 16, 4);
  const auto source = data::open_idx(folder.path(), data::Split::kTrain, std::vector<std::string>(10, "class"));
  data::LoaderOptions options;
  options.augment.image_size = 40;
  options.batch_size = 16;
  data::LoaderOptions bytes = options;
  bytes.format = eval::pixel_format_for(torch::kCUDA, false);
  data::Loader here(*source, options), there(*source, bytes);
  data::Batch a, b;
  ASSERT_TRUE(here.next(a) && there.next(b));
  EXPECT_TRUE(test::identical(eval::BatchImages(options.augment, torch::kCUDA).large(b).cpu(),
                              eval::BatchImages(options.augment, torch::kCPU).large(a)));
}

// The formulas of several processes, for a group of one, against the device's own normalisation.
TEST_F(Cuda, SynchronisedNormalisationEqualsTorchs) {
  for (const auto type : {torch::kDouble, torch::kFloat}) {
    const auto options = torch::TensorOptions(torch::kCUDA).dtype(type);
    const torch::Tensor x = 5 + 2 * torch::randn({9, 8, 4, 3}, options), grad = torch::randn({9, 8, 4, 3}, options);
    const torch::Tensor weight = torch::randn({8}, options), bias = torch::randn({8}, options);
    const auto run = [&](bool ours) {
      const torch::Tensor input = x.clone().requires_grad_(true), w = weight.clone().requires_grad_(true),
                          b = bias.clone().requires_grad_(true);
      torch::Tensor mean = torch::zeros({8}, options), variance = torch::ones({8}, options);
      const torch::Tensor y = ours ? dist::sync_batch_norm(input, w, b, mean, variance, 0.1, 1e-5, {})
                                   : torch::batch_norm(input, w, b, mean, variance, true, 0.1, 1e-5, false);
      y.backward(grad);
      return std::vector<torch::Tensor>{y, input.grad(), w.grad(), b.grad(), mean, variance};
    };
    const auto actual = run(true), expected = run(false);
    for (size_t i = 0; i < actual.size(); ++i) {
      EXPECT_TRUE(test::all_close(actual[i].cpu(), expected[i].cpu(), type == torch::kDouble ? 1e-12 : 1e-5)) << i;
    }
  }
}

TEST_F(Cuda, Trains) {
  const test::TemporaryFolder folder;
  test::write_idx_set(folder / "data", 70, 20);
  TrainSettings settings;
  settings.data = "fashion-mnist:" + (folder / "data").string();
  settings.encoder.arch = "basic:1,1,1,1:8";
  settings.epochs = 2;
  settings.batch_size = 16;
  settings.device = "cuda";
  settings.resolve({});
  const RunDirectory run(folder / "run");
  EXPECT_EQ(train(settings, run, StartMode::kNew, "test", {}).steps, 8);
  EXPECT_TRUE(run.finished());
}

}  // namespace
}  // namespace directclr::train
