#include "directclr/train/loss_record.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/host_reads.h"
#include "tests/support/ranks.h"

namespace directclr::train {
namespace {

at::Tensor number(double value) { return at::full({}, value, at::kFloat); }
at::Tensor count(int64_t value) { return at::full({}, value, at::kLong); }

TEST(LossRecord, AddsLossesOneAfterTheOther) {
  LossRecord record(at::kCPU, {}, 0.25);
  EXPECT_EQ(record.read().loss, 0);
  EXPECT_EQ(record.read().sum, 0.25);
  double sum = 0.25;
  for (int64_t step = 1; step <= 20; ++step) {
    const auto loss = static_cast<float>(1.0 / static_cast<double>(step));
    record.add(step, number(loss), count(3 * step));
    sum += static_cast<double>(loss);
    if (step % 7 != 0) continue;  // looks change nothing
    const LossRecord::Reading seen = record.read();
    EXPECT_EQ(seen.loss, static_cast<double>(loss));
    EXPECT_EQ(seen.right, 3 * step);
    EXPECT_EQ(seen.sum, sum);
    EXPECT_EQ(seen.not_finite, 0);
  }
  record.clear_sum();
  record.add(21, number(2), {});
  EXPECT_EQ(record.read().sum, 2);
  EXPECT_EQ(record.read().right, 0) << "no head";
}

TEST(LossRecord, RemembersTheFirstStepThatWasNotFinite) {
  for (const double bad : {std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    LossRecord record(at::kCPU, {});
    for (int64_t step = 1; step <= 9; ++step) record.add(step, number(step == 4 || step == 6 ? bad : 1), {});
    EXPECT_EQ(record.read().not_finite, 4) << bad;
    EXPECT_EQ(record.read().loss, 1) << "the last";
  }
}

TEST(LossRecord, SumsOverRanks) {
  test::on_ranks(3, [](const distributed::ProcessGroup& group) {
    const auto rank = group.rank();
    LossRecord record(at::kCPU, group);
    record.add(1, number(0.5 * static_cast<double>(rank)), count(rank + 1));
    EXPECT_EQ(record.read().loss, 1.5);
    EXPECT_EQ(record.read().right, 6);
    record.add(2, number(rank == 2 ? NAN : 1), count(0));
    EXPECT_EQ(record.read().not_finite, 2) << "of one rank, on all";
  });
}

TEST(LossRecord, AsksNoDeviceWhenItAdds) {
  LossRecord record(at::kCPU, {});
  const at::Tensor loss = number(1), right = count(2);
  const test::HostReads reads;
  record.add(1, loss, right);
  EXPECT_EQ(reads.count(), 0);
}

}  // namespace
}  // namespace directclr::train
