#include "directclr/core/shuffle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>

namespace directclr {
namespace {

TEST(Shuffle, IsFisherYatesFromTheEnd) {
  std::vector<int64_t> expected = {0, 1, 2, 3, 4, 5, 6}, actual = expected;
  RandomStream one(3, Purpose::kPermutation), two(3, Purpose::kPermutation);
  for (uint32_t left = 7; left > 1; --left) std::swap(expected[left - 1], expected[one.below(left)]);
  shuffle(std::span(actual), two);
  EXPECT_EQ(actual, expected);
  EXPECT_EQ(one.bits(), two.bits()) << "as many draws";
  RandomStream three(3, Purpose::kPermutation);
  EXPECT_EQ(permutation<int64_t>(7, three), expected);
}

// Six orders of three, each in a sixth of the cases: 100 +- 4 * 9.1.
TEST(Shuffle, GivesEveryOrderAlikeOften) {
  std::vector<std::vector<int>> orders;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    RandomStream random(seed, Purpose::kSplit);
    orders.push_back(permutation<int>(3, random));
  }
  for (const auto& order : std::set(orders.begin(), orders.end())) {
    EXPECT_NEAR(static_cast<double>(std::count(orders.begin(), orders.end(), order)), 100, 37);
  }
  EXPECT_EQ(std::set(orders.begin(), orders.end()).size(), 6U);
}

TEST(Shuffle, LeavesNoneAndOneAlone) {
  RandomStream random(1, Purpose::kSplit), untouched(1, Purpose::kSplit);
  EXPECT_TRUE(permutation<uint32_t>(0, random).empty());
  EXPECT_EQ(permutation<uint32_t>(1, random), (std::vector<uint32_t>{0}));
  EXPECT_EQ(random.bits(), untouched.bits()) << "nothing was drawn";
}

TEST(DrawDistinct, GivesAscendingNumbersEachAlikeOften) {
  std::vector<int> seen(10);
  for (uint64_t step = 0; step < 1000; ++step) {
    RandomStream random(2, Purpose::kDropDimensions, 0, step);
    const auto drawn = draw_distinct(4, 10, random);
    ASSERT_EQ(drawn.size(), 4U);
    EXPECT_EQ(std::adjacent_find(drawn.begin(), drawn.end(), std::greater_equal<>()), drawn.end());
    for (const int64_t number : drawn) ++seen.at(static_cast<size_t>(number));
  }
  for (const int count : seen) EXPECT_NEAR(count, 400, 62) << "4 standard deviations";
  RandomStream random(2, Purpose::kSplit);
  EXPECT_EQ(draw_distinct(3, 3, random), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_THROW(draw_distinct(4, 3, random), std::invalid_argument);
}

}  // namespace
}  // namespace directclr
