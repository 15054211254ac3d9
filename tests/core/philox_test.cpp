#include "directclr/core/philox.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace directclr {
namespace {

// Known answers of the reference implementation (Random123, kat_vectors, philox4x32 10 rounds).
TEST(Philox, GivesTheReferenceVectors) {
  using Block = std::array<uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, DiffersInEveryPartOfItsKey) {
  std::set<uint32_t> first;
  for (const RandomStream& stream :
       {RandomStream(0, Purpose::kCrop), RandomStream(1, Purpose::kCrop), RandomStream(1ULL << 40, Purpose::kCrop),
        RandomStream(0, Purpose::kFlip), RandomStream(0, Purpose::kCrop, 1), RandomStream(0, Purpose::kCrop, 0, 1),
        RandomStream(0, Purpose::kCrop, 0, 1ULL << 40), RandomStream(0, Purpose::kCrop, 0, 0, 1)}) {
    RandomStream copy = stream;
    first.insert(copy.bits());
  }
  EXPECT_EQ(first.size(), 8U);
}

TEST(RandomStream, IsUniform) {
  RandomStream stream(5, Purpose::kCrop);
  std::array<int, 10> counts{};
  double sum = 0;
  constexpr int kDraws = 100000;
  for (int i = 0; i < kDraws; ++i) {
    const double u = stream.uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    ++counts[static_cast<size_t>(u * 10)];
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * 0.2887 / std::sqrt(kDraws));
  for (const int count : counts) EXPECT_NEAR(count, kDraws / 10, 5 * std::sqrt(kDraws * 0.09));
}

TEST(RandomStream, BelowStaysBelow) {
  RandomStream stream(5, Purpose::kCrop);
  std::set<uint32_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(stream.below(7));
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(*seen.rbegin(), 6U);
  EXPECT_EQ(stream.below(1), 0U);
}

}  // namespace
}  // namespace directclr
