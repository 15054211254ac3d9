#include "directclr/optim/optimizer.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/linear.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/optim/momentum_kernels.h"
#include "directclr/optim/schedule.h"
#include "directclr/settings/optimizers.h"
#include "tests/support/tensor_golden.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::optim {
namespace {

TEST(Lars, EqualsAPlainPyTorchReferenceAfterFiftySteps) {
  const test::TensorGolden golden("lars");
  const auto& c = golden.cases[0];
  torch::nn::Sequential net(torch::nn::Linear(6, 9), torch::nn::BatchNorm1d(9), torch::nn::ReLU(),
                            torch::nn::Linear(9, 4));
  net->to(torch::kDouble);
  std::vector<NamedTensor> parameters;
  for (const auto& item : net->named_parameters()) {
    const torch::NoGradGuard no_grad;
    item.value().copy_(golden["initial/" + item.key()]);
    parameters.emplace_back(item.key(), item.value());
  }
  const auto number = [&](const char* name) { return c.at(name).get<double>(); };
  const auto optimizer = make_lars(parameters, number("momentum"), number("decay"), number("eta"));
  const CosineSchedule schedule{number("peak"), c.at("warmup").get<int64_t>(), c.at("steps").get<int64_t>(), 0.001};
  for (int64_t step = 0; step < schedule.total_steps; ++step) {
    optimizer->zero_grad();
    torch::cross_entropy_loss(net->forward(golden["x"]), golden["y"]).backward();
    optimizer->step(schedule.at(step));
  }
  for (const auto& [name, tensor] : parameters) {
    EXPECT_TRUE(test::all_close(tensor, golden["final/" + name], 1e-9)) << name;
  }
}

// The same gradients through our optimiser and torch's own.
void compare(const std::function<std::unique_ptr<Optimizer>(std::vector<NamedTensor>)>& ours,
             const std::function<std::unique_ptr<torch::optim::Optimizer>(std::vector<torch::Tensor>)>& theirs) {
  torch::manual_seed(5);
  // Matrices only: torch decays vectors too, we do not.
  std::vector<torch::Tensor> a = {torch::randn({4, 3}, torch::kDouble), torch::randn({2, 2, 3}, torch::kDouble)};
  std::vector<torch::Tensor> b;
  std::vector<NamedTensor> named;
  for (auto& tensor : a) {
    b.push_back(tensor.clone().requires_grad_(true));
    tensor.requires_grad_(true);
    named.emplace_back("p" + std::to_string(named.size()), tensor);
  }
  const auto mine = ours(named);
  const auto reference = theirs(b);
  for (int step = 0; step < 20; ++step) {
    for (size_t i = 0; i < a.size(); ++i) {
      const torch::Tensor gradient = torch::randn_like(a[i].detach());
      a[i].mutable_grad() = gradient;
      b[i].mutable_grad() = gradient.clone();
    }
    mine->step(0.05);
    reference->step();
  }
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(test::all_close(a[i], b[i], 1e-12)) << i;
}

TEST(Sgd, EqualsTorchs) {
  compare([](auto p) { return make_sgd(std::move(p), 0.9, 0.01); },
          [](auto p) {
            return std::make_unique<torch::optim::SGD>(p,
                                                       torch::optim::SGDOptions(0.05).momentum(0.9).weight_decay(0.01));
          });
}

TEST(AdamW, EqualsTorchs) {
  compare([](auto p) { return make_adamw(std::move(p), 0.01); },
          [](auto p) {
            return std::make_unique<torch::optim::AdamW>(p, torch::optim::AdamWOptions(0.05).weight_decay(0.01));
          });
}

TEST(Optimizer, LeavesVectorsUndecayedAndParametersWithoutGradientAlone) {
  torch::Tensor vector = torch::ones({3}).requires_grad_(true);
  torch::Tensor idle = torch::ones({3, 3}).requires_grad_(true);
  const auto optimizer = make_sgd({{"v", vector}, {"idle", idle}}, 0, 0.5);
  vector.mutable_grad() = torch::zeros({3});
  optimizer->step(1);
  EXPECT_TRUE(test::identical(vector.detach(), torch::ones({3})));
  EXPECT_TRUE(test::identical(idle.detach(), torch::ones({3, 3})));
}

TEST(Lars, TakesTrustRatioOneAtZeroNorms) {
  torch::Tensor p = torch::zeros({2, 2}).requires_grad_(true);
  const auto optimizer = make_lars({{"p", p}}, 0.9, 0.1, 0.001);
  p.mutable_grad() = torch::ones({2, 2});
  optimizer->step(0.5);
  EXPECT_TRUE(test::all_close(p, torch::full({2, 2}, -0.5), 1e-7));
  torch::Tensor q = torch::ones({2, 2}).requires_grad_(true);
  const auto second = make_lars({{"q", q}}, 0.9, 0, 0.001);
  q.mutable_grad() = torch::zeros({2, 2});
  second->step(0.5);
  EXPECT_TRUE(test::identical(q.detach(), torch::ones({2, 2})));
}

// The sweep against the library's operations, which take what is not laid out alike.
TEST(Momentum, OfASweepIsThatOfTheLibrarysOperations) {
  torch::manual_seed(6);
  for (const auto type : {torch::kFloat, torch::kDouble}) {
    for (const double eta : {-1.0, 0.01}) {
      std::vector<torch::Tensor> swept, apart;
      const std::vector<std::vector<int64_t>> shapes{{7}, {40, 33}, {300, 257}, {8, 5, 3, 3}, {1, 1}, {70000}, {0, 3}};
      for (const auto& sizes : shapes) {
        swept.push_back(torch::randn(sizes, type));
        apart.push_back(swept.back().clone());
      }
      apart.push_back(torch::randn({6, 10}, type).t());  // its gradient is not transposed
      swept.push_back(apart.back().contiguous());
      const auto optimizer_of = [&](std::vector<torch::Tensor>& tensors) {
        std::vector<NamedTensor> named;
        for (auto& tensor : tensors) named.emplace_back(std::to_string(named.size()), tensor.requires_grad_(true));
        return eta < 0 ? make_sgd(named, 0.9, 0.1) : make_lars(named, 0.9, 0.1, eta);
      };
      const auto one = optimizer_of(swept), other = optimizer_of(apart);
      for (int step = 0; step < 3; ++step) {
        for (size_t i = 0; i < swept.size(); ++i) {
          swept[i].mutable_grad() = torch::randn_like(swept[i].detach());
          apart[i].mutable_grad() = swept[i].grad().clone();
        }
        one->step(0.3);
        other->step(0.3);
      }
      for (size_t i = 0; i < swept.size(); ++i) {
        EXPECT_TRUE(test::all_close(swept[i], apart[i], type == torch::kFloat ? 2e-6 : 1e-14)) << i << ", eta " << eta;
      }
    }
  }
}

TEST(MomentumKernels, AreAlikeAtEveryWidthAndLength) {
  torch::manual_seed(7);
  const torch::Tensor start = torch::randn({1100}), gradient = torch::randn({1100}), momentum = torch::randn({1100});
  for (const size_t count : {0, 1, 15, 16, 17, 511, 512, 513, 1100}) {
    const auto n = static_cast<int64_t>(count);
    const torch::Tensor p = start.slice(0, 0, n).to(torch::kDouble), g = gradient.slice(0, 0, n).to(torch::kDouble),
                        u = g + 0.2F * p, b = 0.9F * momentum.slice(0, 0, n).to(torch::kDouble) + 0.5F * u;
    for (const int bytes : {16, 32, 64}) {
      if (bytes > vector_bytes()) continue;
      const auto& kernels = momentum_kernels(bytes).of_float;
      double of_p = 1, of_update = 2;
      kernels.squares(start.const_data_ptr<float>(), gradient.const_data_ptr<float>(), count, 0.2F, &of_p, &of_update);
      EXPECT_NEAR(of_p, 1 + p.square().sum().item<double>(), 1e-6 * of_p) << count;
      EXPECT_NEAR(of_update, 2 + u.square().sum().item<double>(), 1e-6 * of_update) << count;
      torch::Tensor moved = start.clone(), kept = momentum.clone();
      kernels.update(moved.data_ptr<float>(), gradient.const_data_ptr<float>(), kept.data_ptr<float>(), count, 0.2F,
                     0.9F, 0.5F, 0.1F);
      EXPECT_TRUE(test::all_close(kept.slice(0, 0, n), b, 2e-6, 1e-6)) << count << ", " << bytes;
      EXPECT_TRUE(test::all_close(moved.slice(0, 0, n), p - 0.1F * b, 2e-6, 1e-6)) << count << ", " << bytes;
      EXPECT_TRUE(test::identical(moved.slice(0, n), start.slice(0, n)));  // nothing behind the end
      EXPECT_TRUE(test::identical(kept.slice(0, n), momentum.slice(0, n)));
    }
  }
}

TEST(OptimizerMakers, AreThoseThatSettingsKnow) {
  EXPECT_EQ(optimizer_makers().names(), settings::optimizers().names());
  for (const auto& kind : settings::optimizers()) {
    settings::OptimSettings settings;
    settings.optimizer = kind.name;
    const torch::Tensor parameter = torch::ones({3, 5}).requires_grad_(true);
    int64_t kept = 0;
    for (const auto& [name, tensor] : make_optimizer(settings, {{"p", parameter}})->state()) {
      if (tensor.numel() == parameter.numel()) kept += tensor.numel();
    }
    EXPECT_EQ(kept, kind.numbers_a_parameter * parameter.numel()) << kind.name;
  }
  settings::OptimSettings unknown;
  unknown.optimizer = "adam";
  EXPECT_THROW(make_optimizer(unknown, {}), InputError);
}

TEST(OptimizerMakers, DependOnTheSettingsThatTheTableNames) {
  const auto moved = [](const settings::OptimSettings& settings) {
    const torch::Tensor parameter = torch::ones({3, 5}).requires_grad_(true);
    parameter.mutable_grad() = torch::arange(15.0F).view({3, 5});
    const auto optimizer = make_optimizer(settings, {{"p", parameter}});
    for (int step = 0; step < 2; ++step) optimizer->step(0.1);
    return parameter.detach().clone();
  };
  for (const auto& kind : settings::optimizers()) {
    for (const char* name : {"momentum", "lars_eta"}) {
      settings::OptimSettings before;
      before.optimizer = kind.name;
      auto after = before;
      FieldList fields = fields_of(after);
      *std::get<double*>(fields.find(name)->value) *= 0.5;
      EXPECT_EQ(!torch::equal(moved(before), moved(after)),
                std::find(kind.uses.begin(), kind.uses.end(), name) != kind.uses.end())
          << kind.name << ": " << name;
    }
  }
}

TEST(CosineSchedule, WarmsUpLinearlyAndEndsAtItsShare) {
  const CosineSchedule schedule{2.0, 10, 110, 0.001};
  EXPECT_EQ(schedule.at(0), 0);
  EXPECT_DOUBLE_EQ(schedule.at(5), 1.0);
  EXPECT_DOUBLE_EQ(schedule.at(10), 2.0);
  EXPECT_NEAR(schedule.at(60), (2.0 + 0.002) / 2, 1e-12);
  EXPECT_NEAR(schedule.at(110), 0.002, 1e-12);
  EXPECT_DOUBLE_EQ((CosineSchedule{3.0, 0, 10, 0}).at(0), 3.0);
}

}  // namespace
}  // namespace directclr::optim
