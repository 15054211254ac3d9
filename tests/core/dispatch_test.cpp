#include "directclr/core/dispatch.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace directclr {
namespace {

TEST(Dispatch, BytesNeedMoreOfAProcessorThanNumbers) {
  const int numbers = vector_bytes(), bytes = vector_bytes(KernelNeeds::kBytes);
  EXPECT_LE(bytes, numbers);
  EXPECT_GE(bytes, std::min(numbers, 32));
}

TEST(Dispatch, PicksTheVariantOfAWidthThatTheProcessorHas) {
  static constexpr int kNarrow = 1, kWide = 2;
  const KernelVariants<const int> variants = {KernelNeeds::kNumbers, {&kNarrow, nullptr, &kWide}};
  EXPECT_EQ(variants.of_width(16), &kNarrow);
  EXPECT_EQ(variants.of_width(32), nullptr);  // the program has none
  EXPECT_EQ(variants.of_width(24), nullptr);
  EXPECT_EQ(variants.of_width(64), vector_bytes() == 64 ? &kWide : nullptr);
  EXPECT_EQ(&variants.required(16), &kNarrow);
  EXPECT_THROW(variants.required(32), std::invalid_argument);
}

}  // namespace
}  // namespace directclr
