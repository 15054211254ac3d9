// What only a CUDA device can show. Skipped where there is none.
#include <gtest/gtest.h>
#include <torch/torch.h>

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
