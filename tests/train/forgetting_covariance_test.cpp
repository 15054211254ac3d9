#include "directclr/train/forgetting_covariance.h"

#include <gtest/gtest.h>

#include "directclr/spectrum/covariance.h"
#include "directclr/tensor/arrays.h"
#include "tests/support/ranks.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::train {
namespace {

using at::Tensor;

Tensor batch(int64_t n, int64_t d, uint64_t seed) {
  at::manual_seed(seed);
  return at::randn({n, d}, at::kDouble) * at::linspace(3, 0.1, d, at::kDouble) + 2;
}

TEST(ForgettingCovariance, IsThePlainOneWhileItsMemoryFills) {
  ForgettingCovariance forgetting(6, 1000, at::kCPU);
  spectrum::Covariance plain(6);
  for (uint64_t k = 0; k < 8; ++k) {
    const Tensor rows = batch(40 + static_cast<int64_t>(k), 6, k);
    forgetting.add(rows);
    plain.add(tensor::array_of(rows));
  }
  EXPECT_EQ(forgetting.weight(), static_cast<double>(plain.count()));
  EXPECT_TRUE(test::all_close(forgetting.mean(), tensor::tensor_of(plain.sums().mean), 1e-6));
  EXPECT_TRUE(test::all_close(forgetting.matrix(), tensor::tensor_of(plain.matrix()), 1e-6));
}

// Against the covariance of the mixture, from its definition: weights fall by 1 - w a batch.
TEST(ForgettingCovariance, IsTheCovarianceOfTheMixture) {
  constexpr double kMemory = 200;
  constexpr int64_t kRows = 50, kBatches = 12;
  ForgettingCovariance forgetting(4, kMemory, at::kCPU);
  std::vector<Tensor> batches;
  for (uint64_t k = 0; k < kBatches; ++k) {
    batches.push_back(batch(kRows, 4, 50 + k) * (1 + 0.3 * static_cast<double>(k)));
    forgetting.add(batches.back());
  }
  EXPECT_EQ(forgetting.weight(), kMemory);
  std::vector<double> share(kBatches, 0);
  double seen = 0;
  for (int64_t k = 0; k < kBatches; ++k) {
    const double w = std::max(kRows / (seen + kRows), kRows / kMemory);
    for (auto& s : share) s *= 1 - w;
    share[static_cast<size_t>(k)] = w;
    seen = std::min(seen + kRows, kMemory);
  }
  Tensor mean = at::zeros({4}, at::kDouble), second = at::zeros({4, 4}, at::kDouble);
  for (size_t k = 0; k < kBatches; ++k) {
    mean += share[k] * batches[k].mean(0);
    second += share[k] * batches[k].t().mm(batches[k]) / kRows;
  }
  EXPECT_TRUE(test::all_close(forgetting.mean(), mean, 1e-6));
  EXPECT_TRUE(test::all_close(forgetting.matrix(), second - at::outer(mean, mean), 1e-5));
  EXPECT_LT(share[0], 0.1) << "the first batch is nearly forgotten";
}

TEST(ForgettingCovariance, GoesOnFromItsState) {
  ForgettingCovariance whole(3, 100, at::kCPU), first(3, 100, at::kCPU), second(3, 100, at::kCPU);
  for (uint64_t k = 0; k < 6; ++k) {
    whole.add(batch(30, 3, k));
    (k < 3 ? first : second).add(batch(30, 3, k));
    if (k != 2) continue;
    auto from = first.state(), to = second.state();
    for (size_t i = 0; i < from.size(); ++i) to[i].second.copy_(from[i].second);
  }
  EXPECT_TRUE(test::identical(second.matrix(), whole.matrix()));
  EXPECT_TRUE(test::identical(second.mean(), whole.mean()));
}

TEST(ForgettingCovariance, OfSeveralProcessesIsThatOfOne) {
  const Tensor rows = batch(31, 5, 9);
  ForgettingCovariance alone(5, 1000, at::kCPU);
  alone.add(rows);
  for (const int64_t ranks : {2, 3}) {
    test::on_ranks(ranks, [&](const distributed::ProcessGroup& group) {
      ForgettingCovariance part(5, 1000, at::kCPU);
      const Share share = group.share(31);
      part.add(rows.slice(0, share.first, share.first + share.count), group);
      EXPECT_EQ(part.weight(), 31);
      EXPECT_TRUE(test::all_close(part.matrix(), alone.matrix(), 1e-6));
    });
  }
}

TEST(ForgettingCovariance, RefusesWhatIsNoBatch) {
  ForgettingCovariance forgetting(3, 10, at::kCPU);
  EXPECT_THROW(forgetting.add(at::ones({0, 3})), c10::Error);
  EXPECT_THROW(forgetting.add(at::ones({4, 2})), c10::Error);
}

}  // namespace
}  // namespace directclr::train
