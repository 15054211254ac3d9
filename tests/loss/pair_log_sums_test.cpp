#include "directclr/loss/pair_log_sums.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/Allocator.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "directclr/loss/contrastive.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::loss {
namespace {

at::Tensor unit_rows(int64_t n, int64_t p) {
  const at::Tensor z = at::randn({n, p});
  return z / z.norm(2, {1}, true);
}

struct Result {
  at::Tensor rows, columns, grad_x, grad_y;
};

// Log-sums and the gradients of their weighted sum.
Result differentiate(const at::Tensor& x, const at::Tensor& y, double tau, bool without_diagonal, const at::Tensor& g,
                     const at::Tensor& h, double kept_bytes = kDefaultKeptBytes) {
  const at::Tensor a = x.detach().clone().requires_grad_(true), b = y.detach().clone().requires_grad_(true);
  const PairLogSums sums = pair_log_sums(a, b, tau, without_diagonal, {}, kept_bytes);
  ((sums.rows * g).sum() + (sums.columns * h).sum()).backward();
  return {sums.rows.detach(), sums.columns.detach(), a.grad(), b.grad()};
}

// The plain way: the whole matrix in float64.
Result whole_matrix(const at::Tensor& x, const at::Tensor& y, double tau, bool without_diagonal, const at::Tensor& g,
                    const at::Tensor& h) {
  const at::Tensor a = x.to(at::kDouble).requires_grad_(true), b = y.to(at::kDouble).requires_grad_(true);
  at::Tensor s = a.mm(b.t()) / tau;
  if (without_diagonal) s = s.masked_fill(at::eye(s.size(0), at::kBool), -INFINITY);
  const at::Tensor rows = s.logsumexp(1), columns = s.logsumexp(0);
  ((rows * g).sum() + (columns * h).sum()).backward();
  return {rows.detach(), columns.detach(), a.grad(), b.grad()};
}

// Sizes around the tile's, temperatures on both sides of where a constant shift serves.
TEST(PairLogSums, TilesEqualTheWholeMatrix) {
  at::manual_seed(1);
  for (const auto& [n, m, p] :
       {std::tuple{1, 1, 4}, {2, 3, 1}, {7, 7, 5}, {511, 513, 16}, {512, 512, 8}, {600, 1300, 33}}) {
    for (const double tau : {0.005, 0.01, 0.025, 0.1, 1.0, 10.0}) {
      for (const bool without_diagonal : {false, true}) {
        if (without_diagonal && (n != m || n < 2)) continue;
        const at::Tensor x = unit_rows(n, p), y = without_diagonal ? x : unit_rows(m, p);
        const at::Tensor g = at::randn({n}, at::kDouble), h = at::randn({m}, at::kDouble);
        const Result expected = whole_matrix(x, y, tau, without_diagonal, g, h);
        for (const auto type : {at::kFloat, at::kDouble}) {
          const Result actual = differentiate(x.to(type), y.to(type), tau, without_diagonal, g, h);
          // A similarity in float32 is off by some 1e-7, and 1 / tau times that in the exponent.
          const double off = type == at::kDouble ? 1e-13 / tau : 2e-7 / tau;
          const auto where = [&, &n = n, &m = m, &p = p] {
            return ::testing::Message() << n << " x " << m << " x " << p << ", tau " << tau << ", " << type
                                        << (without_diagonal ? ", without diagonal" : "");
          };
          EXPECT_TRUE(test::all_close(actual.rows, expected.rows, 1e-6, off)) << where();
          EXPECT_TRUE(test::all_close(actual.columns, expected.columns, 1e-6, off)) << where();
          EXPECT_TRUE(test::all_close(actual.grad_x, expected.grad_x, 2e-6 + 2 * off)) << where();
          EXPECT_TRUE(test::all_close(actual.grad_y, expected.grad_y, 2e-6 + 2 * off)) << where();
        }
      }
    }
  }
}

TEST(PairLogSums, RepeatBitForBit) {
  at::manual_seed(2);
  const at::Tensor x = unit_rows(1100, 12), y = unit_rows(700, 12);
  const at::Tensor g = at::ones({1100}, at::kDouble), h = at::ones({700}, at::kDouble);
  const Result first = differentiate(x, y, 0.1, false, g, h), second = differentiate(x, y, 0.1, false, g, h);
  EXPECT_TRUE(at::equal(first.columns, second.columns));
  EXPECT_TRUE(at::equal(first.grad_y, second.grad_y));
}

// What is kept is what would be made again: float32 with and without a shift, float64.
TEST(PairLogSums, KeepWhatTheyWouldMakeAgain) {
  at::manual_seed(7);
  const at::Tensor x = unit_rows(1500, 20), y = unit_rows(1500, 20);
  const at::Tensor g = at::randn({1500}, at::kDouble), h = at::randn({1500}, at::kDouble);
  for (const auto type : {at::kFloat, at::kDouble}) {
    for (const double tau : {0.01, 0.1}) {
      for (const bool without_diagonal : {false, true}) {
        const double bytes = 1500.0 * 1500.0 * (type == at::kFloat ? 4 : 8);
        const auto result = [&](double kept_bytes) {
          return differentiate(x.to(type), y.to(type), tau, without_diagonal, g, h, kept_bytes);
        };
        const Result kept = result(bytes), made_again = result(bytes - 1);
        const auto where = [&] { return ::testing::Message() << type << ", tau " << tau << ", " << without_diagonal; };
        EXPECT_TRUE(at::equal(kept.rows, made_again.rows)) << where();
        EXPECT_TRUE(at::equal(kept.columns, made_again.columns)) << where();
        EXPECT_TRUE(at::equal(kept.grad_x, made_again.grad_x)) << where();
        EXPECT_TRUE(at::equal(kept.grad_y, made_again.grad_y)) << where();
      }
    }
  }
}

// A similarity that is kept is read, never written; and threads that change between do not matter.
TEST(PairLogSums, CanBeDifferentiatedTwice) {
  at::manual_seed(8);
  for (const auto type : {at::kFloat, at::kDouble}) {
    for (const double tau : {0.01, 0.1}) {
      const at::Tensor x = unit_rows(700, 9).to(type).requires_grad_(true), y = unit_rows(700, 9).to(type);
      const at::Tensor sum = pair_log_sums(x, y, tau, true).rows.sum();
      sum.backward({}, true);
      const at::Tensor once = x.grad().clone();
      x.mutable_grad().zero_();
      const int threads = at::get_num_threads();
      at::set_num_threads(1);
      sum.backward();
      at::set_num_threads(threads);
      EXPECT_TRUE(at::equal(x.grad(), once)) << type << ", tau " << tau;
    }
  }
}

class CountsBytes : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t change, size_t, size_t, c10::Device) override { now += change; }
  bool memoryProfilingEnabled() const override { return true; }
  std::atomic<int64_t> now = 0;
};

// Bytes that are still there after the forward and after the backward. One thread, since the counter sees no other.
template <class Forward>
std::pair<int64_t, int64_t> bytes_held(const Forward& forward) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto counter = std::make_shared<CountsBytes>();
  std::pair<int64_t, int64_t> held;
  {
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, counter);
    const at::Tensor value = forward();
    held.first = counter->now;
    if (value.requires_grad()) value.backward();
    held.second = counter->now;
  }
  at::set_num_threads(threads);
  return held;
}

// NT-Xent's three matrices share the memory.
TEST(LossFunctions, KeepSimilaritiesInTheMemoryOfTheSettings) {
  at::manual_seed(10);
  constexpr int64_t kRows = 1000, kMatrix = kRows * kRows * 4;
  const at::Tensor z_a = at::randn({kRows, 4}).requires_grad_(true);
  const at::Tensor z_b = at::randn({kRows, 4}).requires_grad_(true);
  for (const auto& [name, matrices] : {std::pair<std::string, int64_t>("infonce", 1), {"ntxent", 3}}) {
    const auto held = [&, name = name](int64_t bytes) {
      return bytes_held([&] {
        const double memory = static_cast<double>(bytes) / (1 << 30);
        return loss_function(name)(z_a, z_b, {.loss = name, .tau = 0.1, .similarity_memory = memory}, {});
      });
    };
    EXPECT_GE(held(matrices * kMatrix).first, matrices * kMatrix) << name;
    EXPECT_LT(held(matrices * kMatrix - 3).first, kMatrix / 4) << name;
  }
}

TEST(PairLogSums, KeepNothingThatNobodyNeeds) {
  at::manual_seed(9);
  constexpr int64_t kRows = 2000, kMatrix = kRows * kRows * 4;
  const at::Tensor x = unit_rows(kRows, 4), differentiated = x.detach().clone().requires_grad_(true);
  const auto held = [&](const at::Tensor& of, double kept_bytes) {
    return bytes_held([&] { return pair_log_sums(of, of, 0.1, true, {}, kept_bytes).rows.sum(); });
  };
  EXPECT_GE(held(differentiated, kMatrix).first, kMatrix);
  EXPECT_LT(held(differentiated, kMatrix).second, kMatrix / 8) << "freed by the backward";
  EXPECT_LT(held(differentiated, kMatrix - 1).first, kMatrix / 8);
  EXPECT_LT(held(x, kMatrix).first, kMatrix / 8);
  const at::NoGradGuard no_grad;
  EXPECT_LT(held(differentiated, kMatrix).first, kMatrix / 8);
}

TEST(PairLogSums, HoldWhereAlmostEverythingUnderflows) {
  // Opposite vectors at a low temperature: e^{-2 / tau} is far below the smallest float.
  const at::Tensor x = at::tensor({1.0F, 0.0F, -1.0F, 0.0F}).view({2, 2});
  const PairLogSums sums = pair_log_sums(x, -x, 0.01);
  EXPECT_TRUE(test::all_close(sums.rows, at::full({2}, 100.0, at::kDouble), 1e-6));
  const PairLogSums far = pair_log_sums(x.narrow(0, 0, 1), x.narrow(0, 1, 1), 0.01);
  EXPECT_NEAR(far.rows.item<double>(), -100, 1e-4);
  EXPECT_NEAR(pair_log_sums(x.narrow(0, 0, 1), x.narrow(0, 1, 1), 0.025).rows.item<double>(), -40, 1e-4);
}

TEST(PairLogSums, RefuseWhatTheContractExcludes) {
  EXPECT_THROW(pair_log_sums(at::randn({2, 3}), at::randn({2, 4}), 0.1), c10::Error);
  EXPECT_THROW(pair_log_sums(at::randn({2, 3}), at::randn({3, 3}), 0.1, true), c10::Error);
  EXPECT_THROW(pair_log_sums(at::randn({2, 3}), at::randn({2, 3}), 0), c10::Error);
}

// The losses themselves in float32 against float64, as training uses them.
TEST(ContrastiveLoss, Float32EqualsFloat64) {
  at::manual_seed(3);
  for (const int64_t n : {1, 2, 64, 1000}) {
    for (const double tau : {0.01, 0.1, 0.5}) {
      const at::Tensor z_a = at::randn({n, 32}) * 3, z_b = z_a + 3 * at::randn({n, 32});
      for (const auto& loss : {&info_nce, &nt_xent}) {
        const at::Tensor a = z_a.clone().requires_grad_(true), wide = z_a.to(at::kDouble).requires_grad_(true);
        const at::Tensor value = loss(a, z_b, tau, {}, kDefaultKeptBytes),
                         expected = loss(wide, z_b.to(at::kDouble), tau, {}, kDefaultKeptBytes);
        EXPECT_NEAR(value.item<double>(), expected.item<double>(), 1e-6 * std::max(1.0, expected.item<double>()))
            << n << " " << tau;
        value.backward();
        expected.backward();
        EXPECT_TRUE(test::all_close(a.grad(), wide.grad(), 2e-6 + 2e-7 / tau)) << n << " " << tau;
      }
    }
  }
}

}  // namespace
}  // namespace directclr::loss
