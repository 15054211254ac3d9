#include "directclr/spectrum/geometry.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "directclr/core/error.h"
#include "directclr/spectrum/clusters.h"
#include "directclr/spectrum/geometry_measures.h"
#include "directclr/spectrum/neighbours.h"
#include "directclr/spectrum/similarity.h"
#include "directclr/tensor/arrays.h"
#include "tests/support/error_of.h"
#include "tests/support/golden.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using at::Tensor;
using tensor::array_of;
using tensor::tensor_of;

Tensor random(at::IntArrayRef shape, uint64_t seed) {
  at::manual_seed(seed);
  return at::randn(shape, at::kDouble);
}

// Rows of distances come sorted by their rows, so their order is not the oracle's: they are compared as sets.
Tensor sorted(const Tensor& distances) { return std::get<0>(distances.flatten().sort()); }

Tensor rotation(int64_t size, uint64_t seed) { return std::get<0>(at::linalg_qr(random({size, size}, seed))); }

// NumPy and SciPy, tools/goldens/make_geometry_goldens.py.
TEST(Geometry, EqualsNumPysAndSciPys) {
  const test::Golden golden("geometry");
  const auto& expected = golden.cases.at(0);
  const auto near = [&](double actual, const char* name) {
    const auto value = expected.at(name).get<double>();
    EXPECT_NEAR(actual, value, 1e-9 * std::max(1.0, std::abs(value))) << name;
  };
  const Array &rows = golden["rows"], &views = golden["views"];
  near(alignment(views.slice(0, 120, 3), views.slice(1, 120, 3)), "alignment");
  near(uniformity(rows), "uniformity");
  near(lowest_uniformity(7), "lowest_uniformity_7");
  const Neighbours nearest = nearest_neighbours(rows, 16);
  EXPECT_EQ(nearest.duplicates, 0);
  EXPECT_TRUE(test::all_close(sorted(tensor_of(nearest.distances)), sorted(tensor_of(golden["distances"])), 1e-12));
  near(two_nn(nearest), "two_nn");
  near(two_nn_likelihood(nearest), "two_nn_likelihood");
  near(local_dimension(nearest), "local_dimension");
  const LinearCka cka = linear_cka(rows, golden["other"]);
  near(cka.plain, "cka");
  near(cka.debiased, "cka_debiased");
  near(lidar(views, 3), "lidar");
}

TEST(Alignment, IsFourForOppositeAndZeroForEqualViews) {
  const Tensor x = random({20, 6}, 1);
  EXPECT_NEAR(alignment(array_of(x), array_of(3 * x)), 0, 1e-15) << "length does not matter";
  EXPECT_NEAR(alignment(array_of(x), array_of(-x)), 4, 1e-14);
}

TEST(Uniformity, LimitsAndInvariance) {
  EXPECT_NEAR(uniformity(array_of(at::ones({10, 4}))), 0, 1e-12);
  EXPECT_TRUE(std::isnan(uniformity(array_of(at::ones({1, 4})))));
  // Two opposite points: exp(-8).
  EXPECT_NEAR(uniformity(Array::of({1.0, -1.0}, {2, 1})), -8, 1e-12);
  const Tensor x = random({2500, 3}, 2);  // isotropic: uniform on the sphere; more than one block
  EXPECT_NEAR(uniformity(array_of(x)), lowest_uniformity(3), 0.01);
  EXPECT_NEAR(uniformity(array_of(x)), uniformity(array_of((7 * x).mm(rotation(3, 3)))), 1e-12);
  EXPECT_NEAR(uniformity(array_of(x.to(at::kFloat))), uniformity(array_of(x)), 1e-6) << "float32 rows";
  // On the circle |x - y|^2 = 2 - 2 cos t: log I_0(4) - 4.
  EXPECT_NEAR(lowest_uniformity(2), std::log(11.301921952136330) - 4, 1e-12);
}

TEST(NearestNeighbours, AreThoseOfAllPairsAndIgnoreDuplicates) {
  const Tensor x = random({2500, 5}, 4);  // two whole blocks and a part of one
  const Tensor all = at::cdist(x, x, 2, 2).fill_diagonal_(INFINITY);
  const Tensor expected = sorted(std::get<0>(all.topk(3, 1, false, true)));
  const auto found = nearest_neighbours(array_of(x), 3);
  EXPECT_TRUE(test::all_close(sorted(tensor_of(found.distances)), expected, 1e-12));
  const auto repeated = nearest_neighbours(array_of(at::cat({x, x.slice(0, 0, 50)})), 3);
  EXPECT_EQ(repeated.duplicates, 50);
  EXPECT_TRUE(test::all_close(sorted(tensor_of(repeated.distances)), expected, 1e-12));
  EXPECT_NE(test::error_of([&] { nearest_neighbours(array_of(at::ones({9, 2})), 3); }).find("1"), std::string::npos);
}

// Far from the origin float32 products lose the distances; candidates must still be the right ones.
TEST(NearestNeighbours, HoldFarFromTheOrigin) {
  const Tensor x = random({300, 4}, 5);
  const auto near = nearest_neighbours(array_of(x), 2), far = nearest_neighbours(array_of(x + 1e6), 2);
  EXPECT_TRUE(test::all_close(sorted(tensor_of(far.distances)), sorted(tensor_of(near.distances)), 1e-8));
  // Nor does scale matter, where squares would overflow or vanish in float32.
  for (const double scale : {1e25, 1e-25}) {
    const auto scaled = nearest_neighbours(array_of(scale * x), 2);
    EXPECT_TRUE(test::all_close(tensor_of(scaled.distances) / scale, tensor_of(near.distances), 1e-12)) << scale;
  }
}

TEST(IntrinsicDimension, OfAPlaneInManyDimensionsIsTwo) {
  at::manual_seed(6);
  const Tensor plane = at::rand({3000, 2}, at::kDouble).mm(random({2, 20}, 7));
  const auto nearest = nearest_neighbours(array_of(plane), 32);
  EXPECT_NEAR(two_nn(nearest), 2, 0.15);
  EXPECT_NEAR(two_nn_likelihood(nearest), 2, 0.15);
  EXPECT_NEAR(local_dimension(nearest), 2, 0.25);
}

TEST(LinearCka, IsOneForARotationAndUnbiasedlyZeroForStrangers) {
  const Tensor x = random({60, 8}, 8);
  const auto same = linear_cka(array_of(x), array_of((5 * x).mm(rotation(8, 9)) + 3));
  EXPECT_NEAR(same.plain, 1, 1e-12);
  EXPECT_NEAR(same.debiased, 1, 1e-12);
  double plain = 0, debiased = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto cka = linear_cka(array_of(random({40, 30}, 100 + seed)), array_of(random({40, 30}, 200 + seed)));
    plain += cka.plain / 40;
    debiased += cka.debiased / 40;
  }
  EXPECT_GT(plain, 0.3) << "few rows in many dimensions look alike";
  EXPECT_NEAR(debiased, 0, 0.05);
  EXPECT_TRUE(std::isnan(linear_cka(array_of(random({3, 2}, 1)), array_of(random({3, 2}, 2))).debiased));
}

TEST(Lidar, CountsTheDirectionsThatTellSamplesApart) {
  // Samples differ in three of eight directions, views in all, equally.
  const Tensor samples = at::cat({10 * random({400, 3}, 10), at::zeros({400, 5}, at::kDouble)}, 1);
  const Tensor rows = samples.repeat_interleave(4, 0) + random({1600, 8}, 11);
  EXPECT_NEAR(lidar(array_of(rows), 4), 3, 0.15);
  EXPECT_NEAR(lidar(array_of(rows.mm(rotation(8, 12))), 4), lidar(array_of(rows), 4), 1e-8);
}

// Four far groups of rows on the sphere.
Array groups_of_rows(double spread) {
  const Tensor centres = at::eye(4, at::kDouble).repeat_interleave(100, 0);
  return array_of(centres + spread * random({400, 4}, 20));
}

TEST(KMeans, FindsFarGroupsWhateverTheSeed) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const std::vector<int64_t> cluster = k_means(groups_of_rows(0.05), 4, seed);
    for (size_t i = 0; i < 400; ++i) ASSERT_EQ(cluster[i], cluster[i / 100 * 100]) << "seed " << seed;
    EXPECT_EQ(std::set<int64_t>(cluster.begin(), cluster.end()).size(), 4U);
  }
  const std::vector<int64_t> each = k_means(array_of(random({9, 3}, 21)), 9, 0);
  EXPECT_EQ(std::set<int64_t>(each.begin(), each.end()).size(), 9U) << "as many clusters as rows: one each";
  EXPECT_EQ(k_means(groups_of_rows(1), 7, 3), k_means(groups_of_rows(1), 7, 3));
  EXPECT_THROW(k_means(array_of(random({3, 2}, 1)), 4, 0), std::invalid_argument);
}

TEST(ClusterLearnability, IsHighInFewDimensionsAndNearChanceInMany) {
  const double low = cluster_learnability(array_of(random({1024, 2}, 22)), 0),
               high = cluster_learnability(array_of(random({1024, 200}, 23)), 0);
  EXPECT_GT(low, 0.8);
  EXPECT_LT(high, 0.25);
  EXPECT_GT(high, 1.0 / 32) << "above chance";
  EXPECT_NEAR(cluster_learnability(array_of(random({1024, 2}, 22).mm(rotation(2, 24)) * 5), 0), low, 0.05);
}

TEST(GeometryMeasures, SayWhatIsWrongWithTheirInput) {
  EXPECT_NE(test::error_of([] { view_measures(array_of(at::ones({7, 3})), 2); }).find("7 rows"), std::string::npos);
  EXPECT_THROW(view_measures(array_of(at::ones({2, 3})), 2), InputError);
  const auto measures = neighbour_measures(array_of(random({200, 4}, 13)), {});
  EXPECT_EQ(measures.at(0).name, "uniformity");
  EXPECT_EQ(measures.size(), 5u);
}

}  // namespace
}  // namespace directclr::spectrum
