#include "directclr/distributed/merge.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/ranks.h"

namespace directclr::distributed {
namespace {

TEST(Joined, IsTheNumbersOfAllRanksInTheirOrder) {
  const std::vector<std::vector<int64_t>> own = {{3, 9}, {}, {11, 10, 12}};
  test::on_ranks(3, [&](const ProcessGroup& group) {
    const auto& numbers = own[static_cast<size_t>(group.rank())];
    EXPECT_EQ(joined(numbers, 100, group), (std::vector<int64_t>{3, 9, 11, 10, 12}));
    EXPECT_EQ(joined(numbers, 3, group), (std::vector<int64_t>{3, 9, 11}));
  });
  EXPECT_EQ(joined({5, 1}, 1, {}), (std::vector<int64_t>{5}));
  EXPECT_TRUE(joined({}, 4, {}).empty());
}

}  // namespace
}  // namespace directclr::distributed
