// The losses beside the contrastive ones: against PyTorch, by closed forms, and what each is blind to.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "directclr/loss/alignment_uniformity.h"
#include "directclr/loss/contrastive.h"
#include "directclr/loss/decorrelation.h"
#include "directclr/settings/losses.h"
#include "tests/support/tensor_golden.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::loss {
namespace {

TEST(RelatedLosses, EqualPyTorchInValueAndGradient) {
  const test::TensorGolden golden("relatives");
  ASSERT_FALSE(golden.cases.empty());
  for (const auto& c : golden.cases) {
    const auto prefix = c.at("prefix").get<std::string>();
    settings::LossSettings settings;
    settings.align_weight = c.at("align_weight").get<double>();
    settings.uniform_weight = c.at("uniform_weight").get<double>();
    settings.uniform_t = c.at("uniform_t").get<double>();
    settings.barlow_lambda = c.at("barlow_lambda").get<double>();
    settings.vicreg_invariance = c.at("vicreg_invariance").get<double>();
    settings.vicreg_variance = c.at("vicreg_variance").get<double>();
    settings.vicreg_covariance = c.at("vicreg_covariance").get<double>();
    for (const std::string name : {"align-uniform", "barlow-twins", "vicreg"}) {
      at::Tensor z_a = golden[prefix + "z_a"].clone().requires_grad_(true);
      at::Tensor z_b = golden[prefix + "z_b"].clone().requires_grad_(true);
      const at::Tensor value = loss_function(name)(z_a, z_b, settings, {});
      const auto expected = c.at(name).get<double>();
      EXPECT_NEAR(value.item<double>(), expected, 1e-11 * std::max(1.0, std::abs(expected))) << name << c.dump();
      value.backward();
      EXPECT_TRUE(test::all_close(z_a.grad(), golden[prefix + name + "/grad_a"], 1e-9, 1e-12)) << name << c.dump();
      EXPECT_TRUE(test::all_close(z_b.grad(), golden[prefix + name + "/grad_b"], 1e-9, 1e-12)) << name << c.dump();
      const at::Tensor single = loss_function(name)(golden[prefix + "z_a"].to(at::kFloat),
                                                    golden[prefix + "z_b"].to(at::kFloat), settings, {});
      EXPECT_NEAR(single.item<double>(), expected, 2e-5 * std::max(1.0, std::abs(expected))) << name << c.dump();
    }
  }
}

TEST(LossFunctions, DependOnTheSettingsThatTheTableNames) {
  at::manual_seed(4);
  const at::Tensor z_a = 0.5 * at::randn({16, 8}, at::kDouble), z_b = z_a + 0.1 * at::randn({16, 8}, at::kDouble);
  for (const auto& kind : settings::losses()) {
    const double before = loss_function(kind.name)(z_a, z_b, {}, {}).item<double>();
    settings::LossSettings defaults;
    for (const auto& name : fields_of(defaults).names()) {
      if (name == "loss") continue;
      settings::LossSettings settings;
      FieldList fields = fields_of(settings);
      *std::get<double*>(fields.find(name)->value) *= 1.5;
      EXPECT_EQ(loss_function(kind.name)(z_a, z_b, settings, {}).item<double>() != before,
                std::find(kind.uses.begin(), kind.uses.end(), name) != kind.uses.end())
          << kind.name << ": " << name;
    }
  }
}

// The corners of a regular simplex, views that agree: every pair is equally far apart, |x_i - x_j|^2 = 2 N / (N - 1).
TEST(AlignmentUniformity, OfASimplexIsItsSquaredEdge) {
  const at::Tensor z = at::eye(5, at::kDouble) - 1.0 / 5;
  EXPECT_NEAR(alignment_uniformity(z, z, {.uniform_weight = 3, .uniform_t = 2}).item<double>(), -3 * 2 * 10.0 / 4,
              1e-12);
  EXPECT_NEAR(alignment_uniformity(z, z * 9, {.uniform_weight = 0}).item<double>(), 0, 1e-12) << "length is not seen";
  const at::Tensor same = at::ones({5, 3}, at::kDouble);
  EXPECT_NEAR(alignment_uniformity(same, same, {}).item<double>(), 0, 1e-12) << "complete collapse has the largest";
  EXPECT_NEAR(alignment_uniformity(same, -same, {}).item<double>(), 4, 1e-12);
}

// Their unit row is 0: at distance 0 from each other, 1 from the others.
TEST(AlignmentUniformity, OfRowsOfZeros) {
  const at::Tensor zeros = at::zeros({5, 3}, at::kDouble);
  EXPECT_NEAR(alignment_uniformity(zeros, zeros, {}).item<double>(), 0, 1e-12) << "which is complete collapse";
  const at::Tensor some = at::tensor({0., 0., 3., -1.}, at::kDouble).view({4, 1});
  EXPECT_NEAR(alignment_uniformity(some, some, {.uniform_t = 3}).item<double>(),
              std::log((1 + 4 * std::exp(-3) + std::exp(-12)) / 6), 1e-12);
}

TEST(BarlowTwins, CountsWhatIsNotTheIdentity) {
  // Columns of +-1 with mean 0, all uncorrelated.
  const at::Tensor h = at::tensor({1., 1., 1., 1., -1., -1., -1., 1., -1., -1., -1., 1.}, at::kDouble).view({4, 3});
  EXPECT_NEAR(barlow_twins(h, h, {}).item<double>(), 0, 1e-8);
  EXPECT_NEAR(barlow_twins(h * 8 + 5, h * 3 - 1, {}).item<double>(), 0, 1e-8) << "scale and mean are taken out";
  EXPECT_NEAR(barlow_twins(h, -h, {}).item<double>(), 3 * 4, 1e-3);
  // One dimension three times: every correlation is 1. And complete collapse: every correlation is 0.
  const at::Tensor copies = h.narrow(1, 0, 1).expand({4, 3});
  EXPECT_NEAR(barlow_twins(copies, copies, {.barlow_lambda = 0.01}).item<double>(), 6 * 0.01, 1e-5);
  EXPECT_NEAR(barlow_twins(at::ones({4, 3}), at::ones({4, 3}), {}).item<double>(), 3, 1e-6);
}

TEST(Vicreg, SeesEachOfItsTermsAlone) {
  const at::Tensor h = at::tensor({1., 1., 1., 1., -1., -1., -1., 1., -1., -1., -1., 1.}, at::kDouble).view({4, 3});
  EXPECT_NEAR(vicreg(h, h, {}).item<double>(), 0, 1e-12) << "standard deviation above 1, nothing correlated";
  EXPECT_NEAR(vicreg(h, h + 2, {}).item<double>(), 25 * 4, 1e-11);
  const at::Tensor half = h * (0.5 * std::sqrt(0.75));  // variance 1 / 4
  EXPECT_NEAR(vicreg(half, half, {.vicreg_variance = 10}).item<double>(), 10 * (1 - std::sqrt(0.2501)), 1e-12);
  const at::Tensor copies = h.narrow(1, 0, 1).expand({4, 3});  // every covariance 4 / 3
  EXPECT_NEAR(vicreg(copies, copies, {.vicreg_covariance = 5}).item<double>(), 5 * 2 * 2 * 16.0 / 9, 1e-11);
  EXPECT_NEAR(vicreg(at::ones({4, 3}), at::ones({4, 3}), {}).item<double>(), 25 * (1 - 0.01), 1e-5)
      << "complete collapse";
}

}  // namespace
}  // namespace directclr::loss
