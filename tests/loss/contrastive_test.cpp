#include "directclr/loss/contrastive.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/support/tensor_golden.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::loss {
namespace {

using Loss = std::function<at::Tensor(const at::Tensor&, const at::Tensor&, double)>;
const std::pair<const char*, Loss> kLosses[] = {
    {"infonce", [](const at::Tensor& a, const at::Tensor& b, double tau) { return info_nce(a, b, tau); }},
    {"ntxent", [](const at::Tensor& a, const at::Tensor& b, double tau) { return nt_xent(a, b, tau); }}};

// One number at a time, from the definition.
double scalar_loss(bool two_n, const at::Tensor& z_a, const at::Tensor& z_b, double tau) {
  const int64_t n = z_a.size(0);
  const at::Tensor z = at::cat({z_a / z_a.norm(2, {1}, true), z_b / z_b.norm(2, {1}, true)});
  const auto s = [&](int64_t i, int64_t j) { return z[i].dot(z[j]).item<double>() / tau; };
  double sum = 0;
  for (int64_t i = 0; i < 2 * n; ++i) {
    const int64_t positive = (i + n) % (2 * n);
    double denominator = 0;
    for (int64_t j = 0; j < 2 * n; ++j) {
      const bool other_view = (i < n) != (j < n);
      if (two_n ? j != i : other_view) denominator += std::exp(s(i, j));
    }
    sum += std::log(denominator) - s(i, positive);
  }
  return sum / static_cast<double>(2 * n);
}

TEST(ContrastiveLoss, EqualsPyTorchInValueAndGradient) {
  const test::TensorGolden golden("losses");
  for (const auto& c : golden.cases) {
    const auto prefix = c.at("prefix").get<std::string>();
    for (const auto& [name, function] : kLosses) {
      at::Tensor z_a = golden[prefix + "z_a"].clone().requires_grad_(true);
      at::Tensor z_b = golden[prefix + "z_b"].clone().requires_grad_(true);
      const at::Tensor value = function(z_a, z_b, c.at("tau").get<double>());
      EXPECT_NEAR(value.item<double>(), c.at(name).get<double>(), 1e-12 * std::max(1.0, c.at(name).get<double>()));
      value.backward();
      EXPECT_TRUE(test::all_close(z_a.grad(), golden[prefix + name + "/grad_a"], 1e-10, 1e-13)) << name << c.dump();
      EXPECT_TRUE(test::all_close(z_b.grad(), golden[prefix + name + "/grad_b"], 1e-10, 1e-13)) << name << c.dump();
    }
  }
}

TEST(ContrastiveLoss, EqualsTheDefinitionTermByTerm) {
  at::manual_seed(1);
  const at::Tensor z_a = at::randn({7, 5}, at::kDouble);
  const at::Tensor z_b = at::randn({7, 5}, at::kDouble);
  EXPECT_NEAR(info_nce(z_a, z_b, 0.2).item<double>(), scalar_loss(false, z_a, z_b, 0.2), 1e-12);
  EXPECT_NEAR(nt_xent(z_a, z_b, 0.2).item<double>(), scalar_loss(true, z_a, z_b, 0.2), 1e-12);
}

TEST(ContrastiveLoss, GradientMatchesFiniteDifferences) {
  at::manual_seed(2);
  const at::Tensor z_b = at::randn({5, 3}, at::kDouble);
  for (const auto& [name, function] : kLosses) {
    at::Tensor z_a = at::randn({5, 3}, at::kDouble).requires_grad_(true);
    function(z_a, z_b, 0.3).backward();
    const at::Tensor point = z_a.detach();
    for (int64_t i = 0; i < 15; ++i) {
      constexpr double kStep = 1e-5;
      at::Tensor up = point.clone();
      at::Tensor down = point.clone();
      up.view(-1)[i] += kStep;
      down.view(-1)[i] -= kStep;
      const double slope = (function(up, z_b, 0.3) - function(down, z_b, 0.3)).item<double>() / (2 * kStep);
      EXPECT_NEAR(z_a.grad().view(-1)[i].item<double>(), slope, 1e-8) << name << " element " << i;
    }
  }
}

TEST(ContrastiveLoss, HasItsSymmetries) {
  at::manual_seed(3);
  const at::Tensor z_a = at::randn({6, 4}, at::kDouble);
  const at::Tensor z_b = at::randn({6, 4}, at::kDouble);
  const at::Tensor order = at::randperm(6);
  const at::Tensor q = std::get<0>(at::linalg_qr(at::randn({4, 4}, at::kDouble)));
  for (const auto& [name, function] : kLosses) {
    const double value = function(z_a, z_b, 0.1).item<double>();
    EXPECT_NEAR(function(z_b, z_a, 0.1).item<double>(), value, 1e-12) << name << ": views swapped";
    EXPECT_NEAR(function(z_a.index({order}), z_b.index({order}), 0.1).item<double>(), value, 1e-12)
        << name << ": permuted";
    EXPECT_NEAR(function(z_a * 7, z_b * 0.01, 0.1).item<double>(), value, 1e-12) << name << ": scaled";
    EXPECT_NEAR(function(z_a.mm(q), z_b.mm(q), 0.1).item<double>(), value, 1e-12) << name << ": rotated";
  }
}

TEST(ContrastiveLoss, HasItsEdgeCases) {
  const at::Tensor one = at::randn({1, 4});
  for (const auto& [name, function] : kLosses) {
    EXPECT_EQ(function(one, one, 0.1).item<float>(), 0) << name << ": one image has no negatives";
    EXPECT_TRUE(std::isfinite(function(at::zeros({3, 4}), at::randn({3, 4}), 0.1).item<float>()))
        << name << ": zero rows";
    EXPECT_THROW(function(at::randn({3, 4}), at::randn({4, 4}), 0.1), c10::Error);
    EXPECT_THROW(function(at::randn({0, 4}), at::randn({0, 4}), 0.1), c10::Error);
    EXPECT_THROW(function(one, one, 0), c10::Error);
  }
  // Complete collapse: every row the same gives log of the number of candidates.
  EXPECT_NEAR(info_nce(at::ones({8, 4}), at::ones({8, 4}), 0.1).item<float>(), std::log(8.0), 1e-6);
  EXPECT_NEAR(nt_xent(at::ones({8, 4}), at::ones({8, 4}), 0.1).item<float>(), std::log(15.0), 1e-6);
}

}  // namespace
}  // namespace directclr::loss
