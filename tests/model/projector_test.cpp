#include "directclr/model/projector.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/loss/contrastive.h"
#include "directclr/model/batch_norm.h"
#include "directclr/model/orthogonal.h"
#include "directclr/optim/optimizer.h"
#include "directclr/settings/projectors.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::model {
namespace {

constexpr int64_t kD = 24;

settings::ProjectorSettings settings_for(const std::string& kind, int64_t d0 = 6) {
  settings::ProjectorSettings settings;
  settings.projector = kind;
  settings.d0 = d0;
  settings.projector_dim = 10;
  return settings;
}

torch::Tensor loss_of(Projector& projector, const torch::Tensor& r_a, const torch::Tensor& r_b, int64_t step = 0) {
  return loss::info_nce(projector.forward(r_a, step), projector.forward(r_b, step), 0.1);
}

// Every projector with the settings that change its layers.
std::vector<settings::ProjectorSettings> all_settings() {
  std::vector<settings::ProjectorSettings> all;
  for (const auto& name : settings::projectors().names()) {
    auto settings = settings_for(name);
    all.push_back(settings);
    settings.lowrank_left = settings.mlp_bias = true;
    settings.mlp_last_batch_norm = false;
    settings.mlp_depth = 3;
    settings.mlp_hidden = 7;
    all.push_back(settings);
    settings.mlp_batch_norm = false;
    settings.mlp_depth = 1;
    all.push_back(settings);
    settings.mlp_last_batch_norm = true;
    all.push_back(settings);
  }
  return all;
}

std::string text_of(settings::ProjectorSettings settings) { return join(option_words(fields_of(settings)), " "); }

TEST(ProjectorMakers, AreThoseThatSettingsKnow) {
  EXPECT_EQ(projector_makers().names(), settings::projectors().names());
  EXPECT_THROW(make_projector(settings_for("projector"), kD, 1), InputError);
}

TEST(Projector, HasTheLayersThatSettingsSay) {
  torch::manual_seed(6);
  for (const auto& settings : all_settings()) {
    const auto layers = settings::projectors().at(settings.projector).layers(settings, kD);
    const auto projector = make_projector(settings, kD, 1);
    int64_t expected = layers.other_parameters;
    for (const auto& linear : layers.linear) {
      if (linear.trainable) expected += linear.in * linear.out + (linear.bias ? linear.out : 0);
    }
    std::vector<int64_t> norms;
    for (const int64_t channels : layers.norms) expected += 2 * channels;
    for (const auto& module : projector->modules()) {
      if (auto* norm = module->as<BatchNorm>()) norms.push_back(norm->weight.size(0));
    }
    int64_t parameters = 0;
    for (const auto& p : projector->parameters()) parameters += p.numel();
    EXPECT_EQ(parameters, expected) << text_of(settings);
    EXPECT_EQ(norms, layers.norms) << text_of(settings);
    EXPECT_EQ(projector->embedding(), layers.embedding) << text_of(settings);
    EXPECT_EQ(projector->forward(torch::randn({5, kD}) + 1, 0).sizes(), (std::vector<int64_t>{5, layers.embedding}))
        << text_of(settings);

    projector->eval();
    const auto z = [&](const torch::Tensor& r) { return projector->forward(r, 0); };
    const torch::Tensor x = torch::randn({9, kD}), y = torch::randn({9, kD});
    EXPECT_EQ(test::all_close(z(x + y) + z(torch::zeros({9, kD})), z(x) + z(y), 1e-4), layers.linear_in_r)
        << text_of(settings);
  }
}

TEST(Projector, DependsOnTheSettingsThatTheTableNames) {
  torch::manual_seed(6);
  const torch::Tensor r = torch::randn({12, kD});
  // All that a projector is: parameters, and what it gives in training and in evaluation.
  const auto seen = [&](const settings::ProjectorSettings& settings) {
    const torch::NoGradGuard no_grad;
    const auto projector = make_projector(settings, kD, 1);
    std::vector<torch::Tensor> all = projector->parameters();
    all.push_back(projector->forward(r, 0));
    projector->eval();
    all.push_back(projector->forward(r, 0));
    return all;
  };
  for (const auto& kind : settings::projectors()) {
    auto base = settings_for(kind.name);
    base.mlp_hidden = 9;
    const auto before = seen(base);
    for (const auto& name : fields_of(base).names()) {
      if (name == "projector") continue;
      auto changed = base;
      FieldList fields = fields_of(changed);
      Field& field = *fields.find(name);
      if (auto* flag = std::get_if<bool*>(&field.value)) {
        **flag = !**flag;
      } else {
        *std::get<int64_t*>(field.value) += name == "d0" ? 2 : 1;  // groups are of the same size
      }
      const auto after = seen(changed);
      const bool differs = !std::equal(before.begin(), before.end(), after.begin(), after.end(),
                                       [](const auto& a, const auto& b) { return torch::equal(a, b); });
      EXPECT_EQ(differs, std::find(kind.uses.begin(), kind.uses.end(), name) != kind.uses.end())
          << kind.name << ": " << name;
    }
  }
}

TEST(Projector, EndsInTheLinearMapItSays) {
  torch::manual_seed(2);
  const torch::Tensor r = torch::randn({9, kD});
  for (const auto& settings : all_settings()) {
    const auto projector = make_projector(settings, kD, 1);
    projector->forward(torch::randn({50, kD}) * 3 + 1, 0);  // running statistics other than 0 and 1
    projector->eval();
    const auto tail = projector->linear_tail(r);
    EXPECT_TRUE(test::all_close(torch::linear(tail.input, tail.weight, tail.bias), projector->forward(r, 0), 1e-5))
        << text_of(settings);
    const auto matrices = projector->matrices();
    EXPECT_EQ(tail.input.equal(r), settings::projectors().at(settings.projector).layers(settings, kD).linear_in_r)
        << text_of(settings);
    EXPECT_TRUE(matrices.empty() || matrices.back().size(0) == projector->embedding()) << text_of(settings);
  }
}

TEST(OrthogonalProjector, StaysOrthogonalWhileItTrains) {
  torch::manual_seed(1);
  const auto projector = make_projector(settings_for("orthogonal"), kD, 1);
  const auto optimizer = optim::make_sgd({{"w", projector->parameters()[0]}}, 0.9, 0);
  for (int step = 0; step < 100; ++step) {
    optimizer->zero_grad();
    loss_of(*projector, torch::randn({16, kD}) * torch::arange(kD), torch::randn({16, kD})).backward();
    optimizer->step(0.05);
  }
  const torch::NoGradGuard no_grad;
  const torch::Tensor p = projector->forward(torch::eye(kD), 0);
  EXPECT_TRUE(test::all_close(p.mm(p.t()), torch::eye(kD), 0, 1e-5));
  EXPECT_NEAR(torch::linalg_det(p).item<double>(), 1, 1e-4);
}

// Against torch's gradient of its matrix exponential, for norms from nothing to where the sum needs halvings.
TEST(OrthogonalFrom, HasTheGradientOfTheMatrixExponential) {
  torch::manual_seed(4);
  for (const auto type : {torch::kDouble, torch::kFloat}) {
    for (const int64_t size : {1, 2, 3, 24, 60}) {
      for (const double scale : {0.0, 1e-3, 0.1, 0.5, 1.5}) {
        const auto options = torch::TensorOptions().dtype(type);
        const torch::Tensor start = torch::randn({size, size}, options) * scale;
        const torch::Tensor direction = torch::randn({size, size}, options);
        torch::Tensor a = start.clone().requires_grad_(), b = start.clone().requires_grad_();
        const torch::Tensor actual = orthogonal_from(a), expected = torch::matrix_exp(b - b.t());
        (actual * direction).sum().backward();
        (expected * direction).sum().backward();
        EXPECT_TRUE(test::all_close(actual, expected, 0, 0)) << size << ", scale " << scale;
        const double limit = (type == torch::kDouble ? 2e-13 : 1e-4) * (1 + b.grad().abs().max().item<double>());
        EXPECT_TRUE(test::all_close(a.grad(), b.grad(), 0, limit))
            << toString(type) << ", " << size << " x " << size << ", scale " << scale;
      }
    }
  }
}

// What devices do, who are not looked at, against what processors do; norms from nothing to beyond what halvings reach.
TEST(OrthogonalFrom, IsTheSameToRoundingWhereTheHostDoesNotLook) {
  torch::manual_seed(5);
  for (const auto type : {torch::kDouble, torch::kFloat}) {
    for (const int64_t size : {1, 2, 3, 24, 60}) {
      for (const double scale : {0.0, 1e-3, 0.1, 0.5, 1.5, 10.0}) {
        const auto options = torch::TensorOptions().dtype(type);
        const torch::Tensor start = torch::randn({size, size}, options) * scale;
        const torch::Tensor direction = torch::randn({size, size}, options);
        const auto of = [&](bool host_looks) {
          torch::Tensor a = start.clone().requires_grad_();
          const torch::Tensor w = orthogonal_from(a, host_looks);
          (w * direction).sum().backward();
          return std::pair(w.detach(), a.grad());
        };
        const auto [w, gradient] = of(false);
        const auto [w_again, gradient_again] = of(false);
        const auto [w_expected, gradient_expected] = of(true);
        const double unit = type == torch::kDouble ? 2e-14 : 1e-5, norm = 1 + 2 * scale * std::sqrt(size);
        EXPECT_TRUE(test::all_close(w, w_expected, 0, unit * norm)) << toString(type) << ", " << size << ", " << scale;
        const double limit = 10 * unit * norm * (1 + gradient_expected.abs().max().item<double>());
        EXPECT_TRUE(test::all_close(gradient, gradient_expected, 0, limit))
            << toString(type) << ", " << size << ", " << scale;
        EXPECT_TRUE(test::identical(w_again, w));
        EXPECT_TRUE(test::identical(gradient_again, gradient));
      }
    }
  }
  const torch::Tensor far = torch::randn({24, 24}) * 1000;
  EXPECT_TRUE(orthogonal_from(far, false).isnan().all().item<bool>()) << "never a wrong answer";
}

TEST(FixedLowRankProjector, GivesTheSameLossWithAndWithoutItsLeftFactor) {
  torch::manual_seed(2);
  auto settings = settings_for("lowrank-fixed");
  const auto without = make_projector(settings, kD, 3);
  settings.lowrank_left = true;
  const auto with = make_projector(settings, kD, 3);
  EXPECT_EQ(with->embedding(), kD);
  torch::Tensor r_a = torch::randn({12, kD}).requires_grad_(true);
  const torch::Tensor r_b = torch::randn({12, kD});
  const torch::Tensor a = loss_of(*without, r_a, r_b);
  a.backward();
  const torch::Tensor gradient = r_a.grad().clone();
  r_a.mutable_grad().reset();
  const torch::Tensor b = loss_of(*with, r_a, r_b);
  b.backward();
  EXPECT_NEAR(a.item<double>(), b.item<double>(), 1e-5);
  EXPECT_TRUE(test::all_close(r_a.grad(), gradient, 1e-4));
  const torch::Tensor matrix = without->buffers()[0];  // d0 orthonormal rows
  EXPECT_TRUE(test::all_close(matrix.mm(matrix.t()), torch::eye(6), 0, 1e-5));
}

TEST(DirectProjector, EqualsTheFixedLowRankDiagonalOne) {
  torch::manual_seed(3);
  const auto direct = make_projector(settings_for("direct"), kD, 1);
  const auto diagonal = make_projector(settings_for("lowrank-diagonal"), kD, 1);
  const torch::Tensor r_a = torch::randn({12, kD});
  const torch::Tensor r_b = torch::randn({12, kD});
  EXPECT_NEAR(loss_of(*direct, r_a, r_b).item<double>(), loss_of(*diagonal, r_a, r_b).item<double>(), 1e-6);
  EXPECT_TRUE(test::identical(direct->forward(r_a, 0), r_a.slice(1, 0, 6)));
}

TEST(DirectProjector, SendsNoGradientBeyondItsSubVector) {
  torch::Tensor r = torch::randn({8, kD}).requires_grad_(true);
  loss_of(*make_projector(settings_for("direct"), kD, 1), r, torch::randn({8, kD})).backward();
  EXPECT_EQ(r.grad().slice(1, 6).abs().sum().item<double>(), 0);
  EXPECT_GT(r.grad().slice(1, 0, 6).abs().min().item<double>(), 0);
}

TEST(RandomDropoutProjector, DrawsNewDimensionsEachStepAlikeForBothViews) {
  const auto projector = make_projector(settings_for("random-dropout"), kD, 1);
  const torch::Tensor r = torch::arange(kD).to(torch::kFloat).view({1, kD});
  const torch::Tensor first = projector->forward(r, 5);
  EXPECT_TRUE(test::identical(projector->forward(r, 5), first));
  EXPECT_FALSE(torch::equal(projector->forward(r, 6), first));
  EXPECT_EQ(std::get<0>(torch::_unique(first)).numel(), 6);  // distinct dimensions
  EXPECT_TRUE(test::identical(make_projector(settings_for("random-dropout"), kD, 1)->forward(r, 5), first));
  projector->eval();
  EXPECT_TRUE(test::identical(projector->forward(r, 5), r));
}

TEST(GroupProjector, SumsDisjointGroupsOfAllChannels) {
  const auto projector = make_projector(settings_for("group"), kD, 1);
  const torch::Tensor map = projector->forward(torch::eye(kD), 0);  // (D, d0): which channel goes where
  EXPECT_TRUE(test::identical(map.sum(1), torch::ones(kD)));
  EXPECT_TRUE(test::identical(map.sum(0), torch::full({6}, 4.0)));
  EXPECT_THROW(make_projector(settings_for("group", 7), kD, 1), InputError);
}

TEST(BatchNormProjector, StandardisesEveryDimensionAndKeepsTheirCorrelations) {
  torch::manual_seed(7);
  const auto projector = make_projector(settings_for("batch-norm"), kD, 1);
  torch::Tensor r = torch::randn({64, kD}) * torch::linspace(0.1, 10, kD) + torch::arange(kD);
  r.select(1, 1).copy_(3 * r.select(1, 0) + 2);
  const torch::Tensor z = projector->forward(r, 0).detach();
  EXPECT_TRUE(test::all_close(z.mean(0), torch::zeros({kD}), 0, 1e-5));
  EXPECT_TRUE(test::all_close(z.var(0, false), torch::ones({kD}), 2e-3));  // epsilon beside the smallest variance
  EXPECT_TRUE(test::all_close(torch::corrcoef(z.t()), torch::corrcoef(r.t()), 0, 1e-5));
}

TEST(MlpProjector, HasThePapersLayersByDefault) {
  settings::ProjectorSettings settings;
  const auto projector = make_projector(settings, 2048, 1);
  std::vector<std::pair<std::string, std::vector<int64_t>>> shapes;
  for (const auto& item : projector->named_parameters()) shapes.emplace_back(item.key(), item.value().sizes().vec());
  const decltype(shapes) expected = {{"layers.0.weight", {2048, 2048}}, {"layers.1.weight", {2048}},
                                     {"layers.1.bias", {2048}},         {"layers.3.weight", {128, 2048}},
                                     {"layers.4.weight", {128}},        {"layers.4.bias", {128}}};
  EXPECT_EQ(shapes, expected);
  for (int64_t depth = 1; depth <= 4; ++depth) {
    settings.mlp_depth = depth;
    settings.mlp_bias = true;
    EXPECT_EQ(make_projector(settings, kD, 1)->forward(torch::randn({4, kD}), 0).size(1), 128) << depth;
  }
}

TEST(ProjectorSettings, RefusesASubVectorWiderThanTheRepresentation) {
  EXPECT_THROW(make_projector(settings_for("direct", kD + 1), kD, 1), InputError);
  EXPECT_EQ(settings_for("direct", 0).resolved_d0(2048), 360);
  EXPECT_EQ(settings_for("direct", 0).resolved_d0(512), 90);
  EXPECT_EQ(settings_for("direct", kD).resolved_d0(kD), kD);
}

}  // namespace
}  // namespace directclr::model
