// What only a CUDA device can show. Skipped where there is none.
#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <atomic>

#include "directclr/core/error.h"
#include "directclr/data/sources.h"
#include "directclr/distributed/sync_batch_norm.h"
#include "directclr/eval/batch_images.h"
#include "directclr/eval/features.h"
#include "directclr/loss/contrastive.h"
#include "directclr/model/orthogonal.h"
#include "directclr/model/resnet.h"
#include "directclr/tensor/tensor_file.h"
#include "directclr/train/contrastive_model.h"
#include "directclr/train/device.h"
#include "directclr/train/gradient_step.h"
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
  settings::EncoderSettings settings;
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
  EXPECT_TRUE(test::identical(eval::BatchImages(options.augment, torch::kCUDA).global_views(b).cpu(),
                              eval::BatchImages(options.augment, torch::kCPU).global_views(a)));
}

// Batches that the device fetches while the host goes on to the next ones, whose memory is used again and again.
TEST_F(Cuda, FetchesBatchesWhileTheHostGoesOn) {
  const test::TemporaryFolder folder;
  test::write_idx_set(folder.path(), 64, 4);
  const auto source = data::open_idx(folder.path(), data::Split::kTrain, std::vector<std::string>(10, "class"));
  data::LoaderOptions options;
  options.augment.image_size = 96;
  options.augment.local_views = 2;
  options.batch_size = 16;
  options.end_epoch = 8;
  data::LoaderOptions bytes = options;
  bytes.format = eval::pixel_format_for(torch::kCUDA, false);
  eval::BatchImages near(options.augment, torch::kCPU), far(options.augment, torch::kCUDA);
  far.fetch_from(bytes);
  data::Loader here(*source, options), there(*source, bytes);
  std::vector<torch::Tensor> expected, actual;
  const torch::Tensor busy = torch::randn({4096, 4096}, torch::kCUDA);
  for (data::Batch a, b; here.next(a) && there.next(b);) {
    for (const auto& tensor : {near.global_views(a), near.local_views(a), near.labels(a)}) {
      expected.push_back(tensor.clone());
    }
    for (int i = 0; i < 20; ++i) busy.mm(busy);  // the device is behind
    for (const auto& tensor : {far.global_views(b), far.local_views(b), far.labels(b)}) actual.push_back(tensor);
  }
  ASSERT_EQ(actual.size(), 3U * 32U);
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_TRUE(test::identical(actual[i].cpu(), expected[i])) << i;
}

TEST_F(Cuda, ExponentiatesWithoutALook) {
  for (const double scale : {1e-2, 0.1, 1.0}) {
    const torch::Tensor start = torch::randn({96, 96}, torch::kDouble) * scale, direction = torch::randn_like(start);
    const auto gradient = [&](torch::Device device) {
      torch::Tensor a = start.to(device).requires_grad_();
      const torch::Tensor w = model::orthogonal_from(a);
      (w * direction.to(device)).sum().backward();
      return std::pair(w.detach().cpu(), a.grad().cpu());
    };
    const auto here = gradient(torch::kCPU), there = gradient(torch::kCUDA);
    EXPECT_TRUE(test::all_close(there.first, here.first, 1e-11)) << scale;
    EXPECT_TRUE(test::all_close(there.second, here.second, 1e-10)) << scale;
  }
}

// The formulas of several processes, for a group of one, against the device's own normalisation.
TEST_F(Cuda, SynchronisedNormalisationEqualsTorchs) {
  for (const auto type : {torch::kDouble, torch::kFloat, torch::kBFloat16}) {
    for (const auto layout : {torch::MemoryFormat::Contiguous, torch::MemoryFormat::ChannelsLast}) {
      const auto options = torch::TensorOptions(torch::kCUDA).dtype(type);
      const auto parameters = options.dtype(type == torch::kDouble ? torch::kDouble : torch::kFloat);
      const torch::Tensor x = (5 + 2 * torch::randn({9, 8, 4, 3}, options)).contiguous(layout);
      const torch::Tensor grad = torch::randn({9, 8, 4, 3}, options).contiguous(layout);
      const torch::Tensor weight = torch::randn({8}, parameters), bias = torch::randn({8}, parameters);
      const auto run = [&](bool ours) {
        const torch::Tensor input = x.clone().requires_grad_(true), w = weight.clone().requires_grad_(true),
                            b = bias.clone().requires_grad_(true);
        torch::Tensor mean = torch::zeros({8}, parameters), variance = torch::ones({8}, parameters);
        const torch::Tensor y = ours ? distributed::sync_batch_norm(input, w, b, mean, variance, 0.1, 1e-5, {})
                                     : torch::batch_norm(input, w, b, mean, variance, true, 0.1, 1e-5, false);
        y.backward(grad);
        return std::vector<torch::Tensor>{y, input.grad(), w.grad(), b.grad(), mean, variance};
      };
      const auto actual = run(true), expected = run(false);
      const double limit = type == torch::kDouble ? 1e-12 : type == torch::kFloat ? 1e-5 : 0.05;
      for (size_t i = 0; i < actual.size(); ++i) {
        EXPECT_TRUE(test::all_close(actual[i].cpu(), expected[i].cpu(), limit)) << type << " " << layout << " " << i;
      }
    }
  }
}

// float32 against the processor's float64, also where the exponentials need a running maximum.
TEST_F(Cuda, KeepsTheLossExactInFloat32) {
  for (const double tau : {0.01, 0.1, 1.0}) {
    for (const bool infonce : {true, false}) {
      const auto run = [&](const torch::Tensor& a, const torch::Tensor& b) {
        const torch::Tensor x = a.clone().requires_grad_(true), y = b.clone().requires_grad_(true);
        const torch::Tensor loss = infonce ? loss::info_nce(x, y, tau) : loss::nt_xent(x, y, tau);
        loss.backward();
        return std::vector<torch::Tensor>{loss.detach().cpu().to(torch::kDouble), x.grad().cpu().to(torch::kDouble),
                                          y.grad().cpu().to(torch::kDouble)};
      };
      torch::manual_seed(3);
      const torch::Tensor a = torch::randn({1500, 48}), b = a + torch::randn({1500, 48});
      const auto here = run(a.to(torch::kDouble), b.to(torch::kDouble)),
                 there = run(a.to(torch::kCUDA), b.to(torch::kCUDA));
      EXPECT_NEAR(there[0].item<double>(), here[0].item<double>(), 2e-6 * here[0].item<double>()) << tau;
      for (const size_t i : {1U, 2U}) {
        const double error = ((there[i] - here[i]).norm() / here[i].norm()).item<double>();
        EXPECT_LT(error, 2e-5) << tau << " " << i;
      }
    }
  }
}

// In one pass and in several: what the processor computes, and the same bits every time.
TEST_F(Cuda, StepsEqualTheProcessorsAndRepeatThemselves) {
  settings::TrainSettings settings;
  settings.data = "folder:images";
  settings.encoder.arch = "basic:1,1,1,1:8";
  settings.resolve({});
  const torch::Device device = resolve_device("cuda");
  const auto gradients = [&](int64_t micro_batch, torch::Device on) {
    ContrastiveModel model = make_model(settings);
    model.encoder->to(on, torch::kDouble);
    model.projector->to(on, torch::kDouble);
    torch::manual_seed(2);
    const torch::Tensor images = torch::randn({16, 3, 32, 32}, torch::kDouble).to(on);
    const StepOutput out =
        accumulate_gradients(model, {images, {}}, 0, settings.loss, micro_batch, false, {{}, 8}, nullptr);
    std::vector<torch::Tensor> all = {out.loss.cpu()};
    for (const auto& parameter : model.encoder->parameters()) all.push_back(parameter.grad().cpu());
    return all;
  };
  for (const int64_t micro_batch : {0, 4}) {
    const auto here = gradients(micro_batch, torch::kCPU), there = gradients(micro_batch, device),
               again = gradients(micro_batch, device);
    ASSERT_EQ(here.size(), there.size());
    for (size_t i = 0; i < here.size(); ++i) {
      EXPECT_TRUE(test::all_close(there[i], here[i], 1e-6)) << micro_batch << " " << i;
      EXPECT_TRUE(test::identical(again[i], there[i])) << micro_batch << " " << i;
    }
  }
}

class CudaTraining : public Cuda {
 protected:
  CudaTraining() {
    test::write_idx_set(folder_ / "data", 70, 20);
    settings_.data = "fashion-mnist:" + (folder_ / "data").string();
    settings_.encoder.arch = "basic:1,1,1,1:8";
    settings_.epochs = 2;
    settings_.batch_size = 16;
    settings_.device = "cuda";
    settings_.log_every = 1;
    settings_.projector.d0 = 16;
    settings_.resolve({});
  }

  std::vector<std::pair<std::string, torch::Tensor>> last_checkpoint(const settings::RunDirectory& run) const {
    return tensor::read_safetensors(run.checkpoint(run.checkpoints().front())).tensors;
  }

  test::TemporaryFolder folder_;
  settings::TrainSettings settings_;
};

TEST_F(CudaTraining, RunsInBothPrecisionsAndWithEveryProjector) {
  for (const char* precision : {"float32", "bfloat16"}) {
    for (const char* projector : {"mlp", "linear", "direct", "none", "orthogonal", "diagonal", "lowrank-fixed",
                                  "lowrank-diagonal", "group", "random-dropout"}) {
      settings_.precision = precision;
      settings_.projector.projector = projector;
      const settings::RunDirectory run(folder_ / (std::string(projector) + precision));
      EXPECT_EQ(train(settings_, run, settings::StartMode::kNew, "test", {}).steps, 8) << projector;
      EXPECT_TRUE(run.finished());
    }
  }
}

TEST_F(CudaTraining, ResumedRunsEqualUninterruptedOnesBitForBit) {
  for (const char* stem : {"small", "cifar"}) {  // with and without max-pooling
    for (const char* optimizer : {"lars", "adamw"}) {
      settings_.encoder.stem = stem;
      settings_.optimizer.optimizer = optimizer;
      const std::string name = std::string(stem) + optimizer;
      const settings::RunDirectory whole(folder_ / (name + "-whole")), parts(folder_ / (name + "-parts"));
      train(settings_, whole, settings::StartMode::kNew, "test", {});
      std::atomic<int> stop{0};
      Context context;
      context.stop = &stop;
      context.progress = [&](const Progress& progress) {
        if (progress.done >= 5U * 16U) stop = 2;
      };
      EXPECT_THROW(train(settings_, parts, settings::StartMode::kNew, "test", context), Interrupted);
      train(settings_, parts, settings::StartMode::kResume, "test", {});
      const auto one = last_checkpoint(whole), two = last_checkpoint(parts);
      ASSERT_EQ(one.size(), two.size());
      for (size_t i = 0; i < one.size(); ++i) {
        EXPECT_TRUE(test::identical(two[i].second, one[i].second)) << name << " " << one[i].first;
      }
    }
  }
}

TEST_F(CudaTraining, IsTheSameWhetherTheHostLooksAtEveryLoss) {
  settings_.log_every = 3;
  std::vector<std::vector<std::pair<std::string, torch::Tensor>>> results;
  for (const bool every_loss : {true, false}) {
    const settings::RunDirectory run(folder_ / (every_loss ? "every" : "some"));
    TrainOptions options;
    options.every_loss = every_loss;
    train(settings_, Parts{}, run, options);
    results.push_back(last_checkpoint(run));
  }
  ASSERT_EQ(results[0].size(), results[1].size());
  for (size_t i = 0; i < results[0].size(); ++i) {
    EXPECT_TRUE(test::identical(results[1][i].second, results[0][i].second)) << results[0][i].first;
  }
}

TEST_F(CudaTraining, GivesTheProcessorsFeatures) {
  const auto source = data::open_source(settings_.data, data::Split::kTrain, {});
  model::ResNet here = model::make_encoder(settings_.encoder, 28, 1),
                there = model::make_encoder(settings_.encoder, 28, 1);
  there->to(torch::kCUDA);
  eval::FeatureOptions options;
  const auto features = [&](const model::ResNet& encoder, torch::Device device) {
    return eval::extract_features(encoder_of(encoder), nullptr, *source, settings_.augment, device, options, {}, {});
  };
  const auto expected = features(here, torch::kCPU), actual = features(there, torch::kCUDA);
  // Convolutions of a CUDA device round their factors to ten bits of mantissa.
  const double error =
      ((actual.representation - expected.representation).norm() / expected.representation.norm()).item<double>();
  EXPECT_LT(error, 3e-3);
  EXPECT_TRUE(test::identical(actual.labels, expected.labels));
}

}  // namespace
}  // namespace directclr::train
