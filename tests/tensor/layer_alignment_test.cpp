#include "directclr/spectrum/layer_alignment.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "directclr/tensor/arrays.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::spectrum {
namespace {

using at::Tensor;
using tensor::array_of;
using tensor::tensor_of;

Tensor orthogonal(int64_t size, uint64_t seed) {
  at::manual_seed(seed);
  return std::get<0>(at::linalg_qr(at::randn({size, size}, at::kDouble)));
}

TEST(LayerAlignment, IsTheIdentityForAlignedLayersOfAnyShape) {
  const Tensor u = orthogonal(8, 1), v = orthogonal(12, 2), w = orthogonal(5, 3);
  const Tensor s1 = at::linspace(4, 1, 8, at::kDouble), s2 = at::linspace(3, 1, 5, at::kDouble);
  const Tensor first = (u * s1).mm(v.slice(1, 0, 8).t());   // (8, 12)
  const Tensor second = (w * s2).mm(u.slice(1, 0, 5).t());  // (5, 8), right vectors: u's first five
  const auto found = layer_alignment(array_of(first), array_of(second));
  EXPECT_TRUE(test::all_close(tensor_of(found.matrix), at::eye(8, at::kDouble).slice(0, 0, 5), 0, 1e-12));
  EXPECT_NEAR(found.leading_diagonal, 1, 1e-12);
  EXPECT_NEAR(found.off_diagonal, 0, 1e-12);
  EXPECT_TRUE(found.distinct);
  EXPECT_NEAR(found.first[0], 4, 1e-12);
  EXPECT_NEAR(found.second[4], 1, 1e-12);
}

TEST(LayerAlignment, OfRandomLayersIsChance) {
  at::manual_seed(4);
  const auto found = layer_alignment(array_of(at::randn({64, 64})), array_of(at::randn({64, 64})));
  EXPECT_NEAR(found.off_diagonal, found.chance, 0.1 * found.chance);
  EXPECT_LT(found.leading_diagonal, 3 * found.chance);
}

TEST(LayerAlignment, MeansNothingWithoutDistinctValues) {
  at::manual_seed(5);
  EXPECT_FALSE(layer_alignment(array_of(at::randn({8, 8}, at::kDouble)), array_of(orthogonal(8, 6))).distinct);
  EXPECT_FALSE(layer_alignment(array_of(at::randn({8, 8})), array_of(at::eye(8).slice(0, 0, 3))).distinct);
  EXPECT_THROW(layer_alignment(array_of(at::randn({8, 8})), array_of(at::randn({8, 7}))), std::invalid_argument);
}

TEST(HasDistinctValues, IgnoresTheZeros) {
  EXPECT_TRUE(has_distinct_values({3, 2, 1, 0, 0, 0}));
  EXPECT_FALSE(has_distinct_values({1, 1, 1}));
  EXPECT_FALSE(has_distinct_values({0, 0}));
  EXPECT_FALSE(has_distinct_values({}));
  EXPECT_TRUE(has_distinct_values({3}));
}

}  // namespace
}  // namespace directclr::spectrum
