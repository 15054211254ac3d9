#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "directclr/spectrum/geometry.h"
#include "directclr/spectrum/geometry_measures.h"
#include "directclr/spectrum/neighbours.h"
#include "directclr/spectrum/similarity.h"
#include "directclr/spectrum/spectrum.h"
#include "tests/support/array_matchers.h"
#include "tests/support/golden.h"

// Against NumPy, each number from its definition (tools/goldens/make_spectrum_goldens.py).
namespace directclr::spectrum {
namespace {

using array::Array;

constexpr int64_t kViews = 4;

class NumPyGolden : public ::testing::TestWithParam<const char*> {
 protected:
  NumPyGolden() {
    for (size_t i = 0; i < golden_.cases.size(); ++i) {
      const Json& one = golden_.cases.at(i);
      if (one.value("features", "") == GetParam()) expected_ = &one;
    }
  }
  void SetUp() override { ASSERT_NE(expected_, nullptr); }

  Array rows() const { return golden_[GetParam() + std::string(".rows")]; }
  std::vector<double> values(const std::string& name) const { return golden_.values(GetParam() + ("." + name)); }
  bool has(const std::string& name) const { return expected_->contains(name); }
  void near(double actual, const std::string& name, double relative) const {
    const auto value = expected_->at(name).get<double>();
    EXPECT_NEAR(actual, value, relative * std::abs(value)) << name;
  }

  const test::Golden golden_{"spectrum"};
  const Json* expected_ = nullptr;
};

TEST_P(NumPyGolden, SpectrumAndItsMeasures) {
  const SpectrumSummary s = summarize(rows(), false);
  EXPECT_EQ(s.samples, 240);
  EXPECT_TRUE(test::all_close(s.values, values("eigenvalues"), 1e-13));
  EXPECT_TRUE(test::all_close(s.uncentred, values("uncentred"), 1e-13));
  near(s.effective_rank_lambda, "effective_rank_lambda", 1e-10);
  near(s.participation_ratio, "participation_ratio", 1e-10);
  near(s.stable_rank, "stable_rank", 1e-10);
  near(s.normalized_std, "normalized_std", 1e-10);
  near(s.mean_cosine, "mean_cosine", 1e-10);
  // Of a dead direction rounding leaves an eigenvalue of 1e-16 of the largest, whose root is 1e-8.
  const bool full_rank = has("alpha");
  const double of_roots = full_rank ? 1e-10 : 1e-6;
  near(s.effective_rank_sigma, "effective_rank_sigma", of_roots);
  near(s.cumulative_area, "cumulative_area", of_roots);
  near(s.rankme, "rankme", of_roots);
  if (full_rank) {
    EXPECT_EQ(s.power_law.last, std::min<int64_t>(100, s.dimensions()));
    near(s.power_law.alpha, "alpha", 1e-10);
    near(s.power_law.r2, "r2", 1e-10);
    near(s.condition_number, "condition_number", 1e-10);
    EXPECT_EQ(s.below_1e_6, 0);
  } else {
    EXPECT_GT(s.condition_number, 1e14);
    EXPECT_EQ(s.below_1e_6, 15);
  }
  // The same from the rows' directions, which are then summed about their mean.
  const Directions directions = directions_of(rows());
  near(directions.normalized_std, "normalized_std", 1e-12);
  near(directions.mean_cosine, "mean_cosine", 1e-12);
}

TEST_P(NumPyGolden, ViewsOfSamples) {
  const Array all = rows();
  near(lidar(all, kViews), "lidar", 1e-9);
  near(alignment(all.slice(0, 240, kViews), all.slice(1, 240, kViews)), "alignment", 1e-12);
  const std::vector<Measure> measures = view_measures(all, kViews);
  ASSERT_EQ(measures.size(), 2U);
  near(measures[0].value, "alignment", 1e-12);
  near(measures[1].value, "lidar", 1e-9);
}

TEST_P(NumPyGolden, Uniformity) {
  // Float64 rows are multiplied in float64, others in float32.
  near(uniformity(rows()), "uniformity", rows().dtype() == array::DType::kFloat64 ? 1e-12 : 1e-6);
}

TEST_P(NumPyGolden, NearestNeighboursAndIntrinsicDimensions) {
  const Neighbours nearest = nearest_neighbours(rows(), 32);
  EXPECT_EQ(nearest.duplicates, expected_->at("duplicates").get<double>());
  const Array first = nearest.distances.transposed().slice(0, 6).transposed();
  EXPECT_TRUE(test::all_close(array::to_doubles(first), values("distances"), 1e-13));
  near(two_nn(nearest), "two_nn", 1e-10);
  near(two_nn_likelihood(nearest), "two_nn_likelihood", 1e-10);
  near(local_dimension(nearest), "local_dimension", 1e-10);
}

INSTANTIATE_TEST_SUITE_P(Features, NumPyGolden, ::testing::Values("decaying", "deficient", "half"),
                         [](const auto& one) { return std::string(one.param); });

TEST(NumPyGoldenPairs, LinearCka) {
  const test::Golden golden("spectrum");
  int pairs = 0;
  for (size_t i = 0; i < golden.cases.size(); ++i) {
    const Json& one = golden.cases.at(i);
    if (!one.contains("cka")) continue;
    ++pairs;
    const auto first = one.at("first").get<std::string>(), second = one.at("second").get<std::string>();
    for (const bool turned : {false, true}) {
      const Array &x = golden[first + ".rows"], &y = golden[second + ".rows"];
      const LinearCka cka = turned ? linear_cka(y, x) : linear_cka(x, y);
      EXPECT_NEAR(cka.plain, one.at("cka").get<double>(), 1e-10) << first << " and " << second;
      EXPECT_NEAR(cka.debiased, one.at("cka_debiased").get<double>(), 1e-10) << first << " and " << second;
    }
  }
  EXPECT_EQ(pairs, 3);
}

}  // namespace
}  // namespace directclr::spectrum
