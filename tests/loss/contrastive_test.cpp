#include "directclr/loss/contrastive.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <ATen/record_function.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <mutex>

#include "directclr/core/error.h"
#include "directclr/settings/losses.h"
#include "tests/support/ranks.h"
#include "tests/support/tensor_golden.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::loss {
namespace {

at::Tensor loss_of(const std::string& name, const at::Tensor& z_a, const at::Tensor& z_b, double tau,
                   const distributed::Rows& rows = {}) {
  return loss_function(name)(z_a, z_b, {.loss = name, .tau = tau}, rows);
}

// Losses of dimensions, not of images: at z's own scale, and each dimension for itself.
bool compares_dimensions(const std::string& name) {
  return settings::losses().at(name).similarity_matrices == 0 && name != "spectral";
}

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

TEST(LossFunctions, AreThoseThatSettingsKnow) {
  EXPECT_EQ(loss_functions().names(), settings::losses().names());
  EXPECT_THROW(loss_function("nt-xent"), InputError);
}

TEST(ContrastiveLoss, EqualsPyTorchInValueAndGradient) {
  const test::TensorGolden golden("losses");
  for (const auto& c : golden.cases) {
    const auto prefix = c.at("prefix").get<std::string>();
    for (const std::string name : {"infonce", "ntxent"}) {
      at::Tensor z_a = golden[prefix + "z_a"].clone().requires_grad_(true);
      at::Tensor z_b = golden[prefix + "z_b"].clone().requires_grad_(true);
      const at::Tensor value = loss_of(name, z_a, z_b, c.at("tau").get<double>());
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

TEST(SpectralLoss, EqualsTheDefinitionTermByTerm) {
  at::manual_seed(6);
  const at::Tensor z_a = at::randn({7, 5}, at::kDouble), z_b = at::randn({7, 5}, at::kDouble);
  const at::Tensor a = z_a / z_a.norm(2, {1}, true), b = z_b / z_b.norm(2, {1}, true);
  double attraction = 0, repulsion = 0;
  for (int64_t i = 0; i < 7; ++i) {
    for (int64_t j = 0; j < 7; ++j) {
      const double s = a[i].dot(b[j]).item<double>() / 0.2;
      (i == j ? attraction : repulsion) += i == j ? s : s * s;
    }
  }
  EXPECT_NEAR(loss_of("spectral", z_a, z_b, 0.2).item<double>(), -2 * attraction / 7 + repulsion / 42, 1e-11);
  EXPECT_NEAR(loss_of("spectral", z_a.to(at::kFloat), z_b.to(at::kFloat), 0.2).item<double>(),
              -2 * attraction / 7 + repulsion / 42, 1e-5);
  // Complete collapse; and orthogonal images whose views agree, the least there can be.
  EXPECT_NEAR(loss_of("spectral", at::ones({8, 4}), at::ones({8, 4}), 0.1).item<double>(), -20 + 100, 1e-4);
  EXPECT_NEAR(loss_of("spectral", at::eye(8), at::eye(8), 0.1).item<double>(), -20, 1e-5);
  EXPECT_NEAR(loss_of("spectral", at::ones({1, 4}), at::ones({1, 4}), 0.1).item<double>(), -20, 1e-5);
}

TEST(ContrastiveLoss, GradientMatchesFiniteDifferences) {
  at::manual_seed(2);
  const at::Tensor z_b = at::randn({5, 3}, at::kDouble);
  for (const auto& name : loss_functions().names()) {
    at::Tensor z_a = at::randn({5, 3}, at::kDouble).requires_grad_(true);
    loss_of(name, z_a, z_b, 0.3).backward();
    const at::Tensor point = z_a.detach();
    for (int64_t i = 0; i < 15; ++i) {
      constexpr double kStep = 1e-5;
      at::Tensor up = point.clone();
      at::Tensor down = point.clone();
      up.view(-1)[i] += kStep;
      down.view(-1)[i] -= kStep;
      const double slope = (loss_of(name, up, z_b, 0.3) - loss_of(name, down, z_b, 0.3)).item<double>() / (2 * kStep);
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
  for (const auto& name : loss_functions().names()) {
    const double value = loss_of(name, z_a, z_b, 0.1).item<double>();
    EXPECT_NEAR(loss_of(name, z_b, z_a, 0.1).item<double>(), value, 1e-12) << name << ": views swapped";
    EXPECT_NEAR(loss_of(name, z_a.index({order}), z_b.index({order}), 0.1).item<double>(), value, 1e-12)
        << name << ": permuted";
    if (compares_dimensions(name)) continue;
    EXPECT_NEAR(loss_of(name, z_a * 7, z_b * 0.01, 0.1).item<double>(), value, 1e-12) << name << ": scaled";
    EXPECT_NEAR(loss_of(name, z_a.mm(q), z_b.mm(q), 0.1).item<double>(), value, 1e-12) << name << ": rotated";
  }
}

TEST(ContrastiveLoss, HasItsEdgeCases) {
  const at::Tensor one = at::randn({1, 4});
  for (const auto& name : loss_functions().names()) {
    EXPECT_TRUE(std::isfinite(loss_of(name, at::zeros({3, 4}), at::randn({3, 4}), 0.1).item<float>()))
        << name << ": zero rows";
    EXPECT_THROW(loss_of(name, at::randn({3, 4}), at::randn({4, 4}), 0.1), c10::Error);
    EXPECT_THROW(loss_of(name, at::randn({0, 4}), at::randn({0, 4}), 0.1), c10::Error);
  }
  for (const std::string name : {"infonce", "ntxent", "spectral"}) {
    EXPECT_THROW(loss_of(name, one, one, 0), c10::Error) << name;
  }
  for (const std::string name : {"align-uniform", "barlow-twins", "vicreg"}) {
    EXPECT_THROW(loss_of(name, one, one, 0.1), c10::Error) << name << ": one row has no spread";
  }
  EXPECT_EQ(info_nce(one, one, 0.1).item<float>(), 0) << "one image has no negatives";
  EXPECT_EQ(nt_xent(one, one, 0.1).item<float>(), 0);
  // Complete collapse: every row the same gives log of the number of candidates.
  EXPECT_NEAR(info_nce(at::ones({8, 4}), at::ones({8, 4}), 0.1).item<float>(), std::log(8.0), 1e-6);
  EXPECT_NEAR(nt_xent(at::ones({8, 4}), at::ones({8, 4}), 0.1).item<float>(), std::log(15.0), 1e-6);
}

// Both views' embeddings in bfloat16 differ from these in the third digit.
TEST(ContrastiveLoss, IsComputedInFloat32UnderAutocast) {
  at::manual_seed(4);
  const at::Tensor z_b = at::randn({40, 16});
  at::Tensor z_a = (z_b + 0.3 * at::randn({40, 16})).requires_grad_(true);
  // Operations that begin while autocast is on; sums and products would then run in bfloat16.
  static std::atomic<int64_t> under_autocast;
  for (const auto& name : loss_functions().names()) {
    const at::Tensor expected = loss_of(name, z_a, z_b, 0.1);
    under_autocast = 0;
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    const auto handle = at::addThreadLocalCallback(
        at::RecordFunctionCallback([](const at::RecordFunction&) -> std::unique_ptr<at::ObserverContext> {
          under_autocast += at::autocast::is_autocast_enabled(at::kCPU);
          return nullptr;
        }));
    const at::Tensor value = loss_of(name, z_a, z_b, 0.1);
    at::removeCallback(handle);
    EXPECT_TRUE(at::autocast::is_autocast_enabled(at::kCPU)) << name << ": on again afterwards";
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::clear_cache();
    EXPECT_EQ(value.scalar_type(), at::kFloat) << name;
    EXPECT_NEAR(value.item<double>(), expected.item<double>(), 1e-6 * std::abs(expected.item<double>())) << name;
    EXPECT_EQ(under_autocast, 0) << name;
  }
}

// Uneven shares too: five processes hold two or three of the eleven rows.
TEST(ContrastiveLoss, SumsOverProcessesToThatOfOne) {
  constexpr int64_t kRows = 11;
  at::manual_seed(5);
  const at::Tensor all_a = at::randn({kRows, 6}, at::kDouble), all_b = at::randn({kRows, 6}, at::kDouble);
  for (const auto& name : loss_functions().names()) {
    at::Tensor whole_a = all_a.clone().requires_grad_(true), whole_b = all_b.clone().requires_grad_(true);
    const at::Tensor expected = loss_of(name, whole_a, whole_b, 0.2);
    expected.backward();
    for (const int64_t world_size : {2, 5}) {
      double sum = 0;
      std::mutex mutex;
      test::on_ranks(world_size, [&](const distributed::ProcessGroup& group) {
        const Share mine = group.share(kRows);
        const auto rows_of = [&](const at::Tensor& all) { return all.narrow(0, mine.first, mine.count); };
        at::Tensor z_a = rows_of(all_a).clone().requires_grad_(true), z_b = rows_of(all_b).clone().requires_grad_(true);
        const at::Tensor part = loss_of(name, z_a, z_b, 0.2, {group, kRows});
        part.backward();
        const std::lock_guard lock(mutex);
        sum += part.item<double>();
        EXPECT_TRUE(test::all_close(z_a.grad(), rows_of(whole_a.grad()), 1e-11, 1e-14)) << name << group.rank();
        EXPECT_TRUE(test::all_close(z_b.grad(), rows_of(whole_b.grad()), 1e-11, 1e-14)) << name << group.rank();
      });
      EXPECT_NEAR(sum, expected.item<double>(), 1e-12) << name << ", " << world_size << " processes";
    }
  }
}

}  // namespace
}  // namespace directclr::loss
