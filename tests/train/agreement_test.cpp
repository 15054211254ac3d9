#include "directclr/train/agreement.h"

#include <gtest/gtest.h>

#include "tests/support/ranks.h"

namespace directclr::train {
namespace {

TEST(Agreement, OfOneRankIsItsOwnOpinion) {
  EXPECT_FALSE(agree_on_stop({}, {}).any());
  EXPECT_TRUE(agree_on_stop({.signal = true}, {}).signal);
}

TEST(Agreement, OfOneRankHoldsForAll) {
  test::on_ranks(3, [](const distributed::ProcessGroup& group) {
    const auto rank = group.rank();
    const StopReasons by_root = agree_on_stop({.collapse = rank == 0}, group);
    EXPECT_TRUE(by_root.collapse && !by_root.signal);
    const StopReasons by_last = agree_on_stop({.signal = rank == 2}, group);
    EXPECT_TRUE(by_last.signal && !by_last.collapse);
    EXPECT_FALSE(agree_on_stop({}, group).any());
  });
}

}  // namespace
}  // namespace directclr::train
