#include "directclr/model/resnet.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "directclr/core/error.h"
#include "directclr/train/device.h"
#include "tests/support/tensor_golden.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::model {
namespace {

// The formula of tools/goldens/make_goldens.py, `fill`.
void fill(torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  std::vector<std::pair<std::string, torch::Tensor>> sorted;
  for (const auto& item : module.named_parameters()) sorted.emplace_back(item.key(), item.value());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t number = 0; number < sorted.size(); ++number) {
    auto& [name, parameter] = sorted[number];
    torch::Tensor values =
        torch::sin(0.7 * torch::arange(parameter.numel(), torch::kDouble) + static_cast<double>(number));
    if (parameter.dim() > 1) {
      values =
          values * std::sqrt(2.0 / (static_cast<double>(parameter.numel()) / static_cast<double>(parameter.size(0))));
    } else if (name.ends_with("weight")) {
      values = 1 + 0.3 * values;
    } else {
      values = 0.1 * values;
    }
    parameter.copy_(values.view_as(parameter));
  }
}

// In bfloat16 too, where a library's gradient of such kernels was partly unwritten memory.
TEST(Block, SeesAMapOfOnePixelByTheMiddleOfItsKernels) {
  torch::manual_seed(1);
  for (const bool bfloat16 : {false, true}) {
    Block block(false, 16, 32, 2);
    block->to(bfloat16 ? torch::kBFloat16 : torch::kDouble);
    const auto options = torch::TensorOptions().dtype(bfloat16 ? torch::kBFloat16 : torch::kDouble);
    const torch::Tensor x = torch::randn({32, 16, 1, 1}, options), direction = torch::randn({32, 32, 1, 1}, options);
    torch::Tensor first;
    for (int time = 0; time < 8; ++time) {
      { const torch::Tensor dirt = torch::full({20000}, std::nan("")); }
      block->zero_grad();
      const torch::Tensor out = block->forward(x);
      EXPECT_EQ(out.sizes(), direction.sizes());
      (out * direction).sum().backward();
      const torch::Tensor gradient = block->named_parameters()["conv1.weight"].grad().to(torch::kDouble);
      torch::Tensor aside = gradient.clone();
      aside.narrow(2, 1, 1).narrow(3, 1, 1).zero_();
      EXPECT_EQ(aside.abs().max().item<double>(), 0) << "bfloat16 " << bfloat16;
      EXPECT_GT(gradient.abs().sum().item<double>(), 0);
      if (time == 0) first = gradient.clone();
      EXPECT_TRUE(torch::equal(gradient, first)) << "bfloat16 " << bfloat16 << ", time " << time;
    }
  }
  // As the whole kernel in a frame of zeros.
  const torch::Tensor map = torch::randn({4, 3, 1, 1}, torch::kDouble),
                      kernel = torch::randn({5, 3, 3, 3}, torch::kDouble);
  EXPECT_TRUE(test::all_close(torch::conv2d(map, kernel.narrow(2, 1, 1).narrow(3, 1, 1)),
                              torch::conv2d(map, kernel, {}, 2, 1), 1e-13));
}

// In channels-last memory by products and fused normalisation, else by the library's operations.
void expect_torchvisions(bool channels_last) {
  const test::TensorGolden golden("networks");
  for (const auto& c : golden.cases) {
    settings::EncoderSettings settings;
    settings.arch = c.at("arch").get<std::string>();
    settings.stem = "imagenet";
    const auto prefix = c.at("prefix").get<std::string>();
    ResNet net = make_encoder(settings, 224, 0);
    net->to(torch::kDouble);
    fill(*net);
    net->train();
    const torch::Tensor index = torch::arange(4 * 3 * 48 * 48, torch::kDouble);
    torch::Tensor images = torch::sin(0.01 * index * (1 + index.remainder(7))).view({4, 3, 48, 48});
    if (channels_last) {
      to_channels_last(*net);
      images = images.contiguous(at::MemoryFormat::ChannelsLast);
    }
    const torch::Tensor r = net->forward(images);
    EXPECT_TRUE(test::all_close(r, golden[prefix + "r"], 1e-9)) << settings.arch;
    (r * torch::cos(torch::arange(r.numel(), torch::kDouble)).view_as(r)).sum().backward();

    std::vector<std::string> names;
    for (const auto& item : net->named_parameters()) {
      names.push_back(item.key());
      const torch::Tensor gradient = item.value().grad().flatten();
      const torch::Tensor picks = torch::linspace(0, static_cast<double>(gradient.numel() - 1), 7).to(torch::kLong);
      const torch::Tensor summary =
          torch::cat({gradient.norm().view(1), gradient.sum().view(1), gradient.index_select(0, picks)});
      // Gradients of values that a normalisation takes away again are zero but for rounding, which differs between
      // processors.
      EXPECT_TRUE(test::all_close(summary, golden[prefix + "grad/" + item.key()], 1e-6, 1e-11))
          << settings.arch << " " << item.key();
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, c.at("parameters").get<std::vector<std::string>>());
    std::vector<std::string> buffers;
    for (const auto& item : net->named_buffers()) buffers.push_back(item.key());
    EXPECT_EQ(buffers, c.at("buffers").get<std::vector<std::string>>());
    net->eval();
    EXPECT_TRUE(test::all_close(net->forward(images), golden[prefix + "r_eval"], 1e-9)) << settings.arch;
  }
}

TEST(ResNet, EqualsTorchvisionInOutputGradientsAndNames) { expect_torchvisions(false); }
TEST(ResNet, EqualsTorchvisionInChannelsLastMemoryToo) { expect_torchvisions(true); }

TEST(ResNet, StartsAsTorchvisionDoesAndFromItsSeedAlone) {
  settings::EncoderSettings settings;
  settings.arch = "bottleneck:1,1,1,1:16";
  ResNet a = make_encoder(settings, 32, 7);
  torch::manual_seed(99);
  ResNet b = make_encoder(settings, 32, 7);
  ResNet other = make_encoder(settings, 32, 8);
  bool differs = false;
  for (const auto& item : a->named_parameters()) {
    EXPECT_TRUE(test::identical(item.value(), b->named_parameters()[item.key()])) << item.key();
    differs = differs || !torch::equal(item.value(), other->named_parameters()[item.key()]);
  }
  EXPECT_TRUE(differs);
  const torch::Tensor conv = a->named_parameters()["layer4.0.conv2.weight"];  // (128, 128, 3, 3)
  EXPECT_NEAR(conv.std().item<double>(), std::sqrt(2.0 / (128 * 9)), 0.01 * std::sqrt(2.0 / (128 * 9)));
  EXPECT_EQ(a->named_parameters()["layer1.0.bn3.weight"].abs().sum().item<double>(), 0);  // zero-init residual
  EXPECT_EQ(a->named_parameters()["layer1.0.bn1.weight"].mean().item<double>(), 1);
}

TEST(ResNet, GivesTheSameInChannelsLastMemory) {
  settings::EncoderSettings settings;
  settings.arch = "bottleneck:1,1,1,1:8";
  const torch::Tensor images = torch::randn({4, 3, 32, 32});
  for (const std::string stem : {"cifar", "small", "imagenet"}) {
    settings.stem = stem;
    ResNet plain = make_encoder(settings, 32, 1);
    ResNet last = make_encoder(settings, 32, 1);
    to_channels_last(*last);
    EXPECT_TRUE(
        test::all_close(last->forward(images.contiguous(at::MemoryFormat::ChannelsLast)), plain->forward(images), 1e-4))
        << stem;
    EXPECT_EQ(plain->forward(images).sizes(), (std::vector<int64_t>{4, 256})) << stem;
  }
}

struct Pass {
  torch::Tensor r;
  std::vector<torch::Tensor> gradients;  // by parameter, of a linear function of r
};

Pass pass_of(const settings::EncoderSettings& settings, torch::Tensor images, bool bfloat16) {
  ResNet net = make_encoder(settings, 32, 1);
  fill(*net);
  net->to(images.scalar_type());
  if (images.is_contiguous(at::MemoryFormat::ChannelsLast)) to_channels_last(*net);
  torch::Tensor r;
  {
    const train::Autocast autocast(torch::kCPU, bfloat16);
    r = net->forward(std::move(images)).to(torch::kDouble);
  }
  (r * torch::cos(torch::arange(r.numel(), torch::kDouble)).view_as(r)).sum().backward();
  Pass pass{r.detach(), {}};
  for (const auto& parameter : net->parameters()) pass.gradients.push_back(parameter.grad().to(torch::kDouble));
  return pass;
}

double relative_error(const torch::Tensor& value, const torch::Tensor& truth) {
  return ((value - truth).norm() / truth.norm()).item<double>();
}

// Over the parameters: rounding moves a few values across a ReLU's kink, which changes much in the layers before it.
double median_error(const Pass& pass, const Pass& truth) {
  std::vector<double> errors;
  for (size_t i = 0; i < truth.gradients.size(); ++i) {
    errors.push_back(relative_error(pass.gradients[i], truth.gradients[i]));
  }
  std::nth_element(errors.begin(), errors.begin() + static_cast<int64_t>(errors.size() / 2), errors.end());
  return errors[errors.size() / 2];
}

// By products and fused passes, where the library has a convolution, a normalisation, a sum and a ReLU: in both
// precisions beside float64.
TEST(ResNet, RoundsAboutAsTheLibrarysOperationsDo) {
  torch::manual_seed(5);
  const torch::Tensor images = torch::randn({8, 3, 32, 32});
  settings::EncoderSettings settings;
  for (const char* arch : {"bottleneck:1,1,1,1:16", "basic:1,1,1,1:16"}) {
    settings.arch = arch;
    const Pass truth = pass_of(settings, images.to(torch::kDouble), false);
    for (const bool bfloat16 : {false, true}) {
      const Pass ours = pass_of(settings, images.contiguous(at::MemoryFormat::ChannelsLast), bfloat16);
      const Pass librarys = pass_of(settings, images, bfloat16);
      EXPECT_LT(relative_error(ours.r, truth.r), (bfloat16 ? 1.5 : 3) * relative_error(librarys.r, truth.r)) << arch;
      EXPECT_LT(median_error(ours, truth), (bfloat16 ? 1.5 : 3) * median_error(librarys, truth)) << arch;
      EXPECT_LT(relative_error(ours.r, truth.r), bfloat16 ? 0.02 : 3e-6) << arch;
    }
  }
}

// Maps of one pixel, whose average is the pixel: what ends the network can be put on its r by hand.
TEST(ResNet, EndsAsItIsTold) {
  torch::manual_seed(2);
  const torch::Tensor images = torch::randn({16, 3, 32, 32}, torch::kDouble);
  settings::EncoderSettings settings;
  settings.stem = "small";
  settings.zero_init_residual = false;  // else a block that adds nothing yet hands on what a ReLU made
  for (const char* arch : {"bottleneck:1,1,1,1:4", "basic:1,1,1,2:4"}) {
    settings.arch = arch;
    const auto ending = [&](const char* end) {
      settings.encoder_end = end;
      ResNet net = make_encoder(settings, 32, 3);
      net->to(torch::kDouble);
      return net;
    };
    ResNet relu = ending("relu"), linear = ending("linear"), norm = ending("norm");
    EXPECT_EQ(relu->named_parameters().size(), linear->named_parameters().size());
    EXPECT_EQ(relu->named_parameters().size() + 2, norm->named_parameters().size());
    {
      const torch::NoGradGuard no_grad;
      norm->named_parameters()["norm.weight"].fill_(2);
      norm->named_parameters()["norm.bias"].fill_(0.5);
    }
    for (const bool training : {true, false}) {
      for (ResNet& net : {std::ref(relu), std::ref(linear), std::ref(norm)}) net->train(training);
      const torch::Tensor r = relu->forward(images), free = linear->forward(images), normed = norm->forward(images);
      EXPECT_LT(free.min().item<double>(), -0.1) << arch;
      EXPECT_TRUE(test::all_close(torch::relu(free), r, 1e-12)) << arch;
      const torch::Tensor centred = r - r.mean(0);
      const torch::Tensor expected = training ? 2 * centred / (centred.square().mean(0) + 1e-5).sqrt() + 0.5
                                              : 2 * (r - norm->named_buffers()["norm.running_mean"]) /
                                                        (norm->named_buffers()["norm.running_var"] + 1e-5).sqrt() +
                                                    0.5;
      EXPECT_TRUE(test::all_close(normed, expected, 1e-9)) << arch << " training " << training;
    }
  }
  settings.encoder_end = "nrom";
  EXPECT_THROW(make_encoder(settings, 32, 3), InputError);
}

TEST(EncoderSettings, RefusesUnknownArchitectures) {
  settings::EncoderSettings settings;
  for (const char* arch : {"resnet5", "bottleneck:1,2:16", "bottleneck:1,1,1,1:0", "basic:1,1,1,x:8", ""}) {
    settings.arch = arch;
    EXPECT_THROW(settings.shape(), InputError) << arch;
  }
  settings.arch = "resnet50";
  EXPECT_EQ(settings.shape().representation(), 2048);
  settings.arch = "resnet18";
  EXPECT_EQ(settings.shape().representation(), 512);
}

}  // namespace
}  // namespace directclr::model
