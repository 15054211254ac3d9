#include "directclr/spectrum/measures.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/spectrum/column_moments.h"
#include "directclr/spectrum/jackknife.h"
#include "directclr/spectrum/spectrum.h"
#include "directclr/spectrum/verdict.h"
#include "directclr/tensor/arrays.h"
#include "tests/support/error_of.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using tensor::array_of;
using tensor::values_of;
using test::error_of;

TEST(RankMe, IsTheEffectiveRankOfUncentredRowsAndShowsItsEpsilon) {
  EXPECT_NEAR(rankme({2, 2, 2, 2}, 0), 4, 1e-12);
  EXPECT_NEAR(rankme({3, 0, 0}, 0), 1, 1e-15);
  EXPECT_EQ(rankme({0, 0}, 0), 0);
  // The published epsilons lift a flat spectrum of 2,048 above 2,048, and rank one above one.
  EXPECT_NEAR(rankme(std::vector<double>(2048, 1.0), 1e-7), 2051, 1);
  EXPECT_NEAR(rankme(std::vector<double>(2048, 1.0), 1e-5), 2345, 1);
  // Rows around a large mean: centred they are isotropic, uncentred the mean is nearly everything.
  at::manual_seed(5);
  const at::Tensor z = at::randn({4000, 6}, at::kDouble) + 100;
  const auto s = summarize(array_of(z), false);
  const at::Tensor sigma = std::get<1>(at::linalg_svd(z, false));
  EXPECT_NEAR(s.rankme, rankme(values_of(sigma), 0), 1e-7);
  EXPECT_LT(s.rankme, 1.3);
  EXPECT_GT(s.effective_rank_sigma, 5.9);
}

TEST(StableRank, IsNESum) {
  EXPECT_NEAR(stable_rank({4, 2, 1, 1}), 2, 1e-15);
  EXPECT_NEAR(stable_rank(std::vector<double>(5, 0.1)), 5, 1e-12);
  EXPECT_EQ(stable_rank({0}), 0);
}

TEST(CumulativeArea, GoesFromFlatToOneDirection) {
  EXPECT_NEAR(cumulative_area(std::vector<double>(7, 3.0)), 8.0 / 14, 1e-14);
  EXPECT_NEAR(cumulative_area({5, 0, 0, 0}), 1, 1e-15);
  // Singular values 3 and 1, not the eigenvalues 9 and 1: (3/4 + 1) / 2.
  EXPECT_NEAR(cumulative_area({9, 1}), 0.875, 1e-15);
  EXPECT_TRUE(std::isnan(cumulative_area({0, 0})));
}

TEST(ConditionNumber, HasItsEnds) {
  EXPECT_EQ(condition_number({8, 2}), 4);
  EXPECT_TRUE(std::isinf(condition_number({8, 0})));
  EXPECT_TRUE(std::isnan(condition_number({0, 0})));
  EXPECT_TRUE(std::isnan(condition_number({8, 2}, 3))) << "the last may be anything up to 3";
}

TEST(PowerLawFit, FindsAnExactExponentAndSaysItsRange) {
  for (const double alpha : {0.5, 1.0, 2.3}) {
    std::vector<double> values;
    for (int j = 1; j <= 300; ++j) values.push_back(7 * std::pow(j, -alpha));
    const auto fit = power_law(values, 11, 100);
    EXPECT_NEAR(fit.alpha, alpha, 1e-12);
    EXPECT_NEAR(fit.r2, 1, 1e-12);
    EXPECT_EQ(fit.last, 100);
  }
  EXPECT_EQ(power_law(std::vector<double>(50, 1.0), 11, 100).last, 50);
  EXPECT_NEAR(power_law(std::vector<double>(50, 1.0), 11, 100).alpha, 0, 1e-14);
  EXPECT_TRUE(std::isnan(power_law({1, 0.5}, 11, 100).alpha));
  // Weights 1/j, by hand: x = log 1, 2, 4 with weights 1, 1/2, 1/4 and y = 0, -1, -1.
  std::vector<double> values = {1, std::exp(-1.0), 0, std::exp(-1.0)};
  const double l = std::log(2.0), w = 1.75, mx = (0.5 * l + 0.25 * 2 * l) / w, my = -0.75 / w;
  const double xy = mx * my + 0.5 * (l - mx) * (-1 - my) + 0.25 * (2 * l - mx) * (-1 - my);
  const double xx = mx * mx + 0.5 * (l - mx) * (l - mx) + 0.25 * (2 * l - mx) * (2 * l - mx);
  EXPECT_NEAR(power_law(values, 1, 4).alpha, -xy / xx, 1e-14);
}

TEST(FeatureMoments, MeasureDirectionsColumnsAndWhatIsNotFinite) {
  at::manual_seed(6);
  const at::Tensor z = at::randn({3000, 16}, at::kDouble);
  EXPECT_NEAR(summarize(array_of(z), false).normalized_std, 1, 0.02) << "isotropic";
  EXPECT_NEAR(summarize(array_of(z * 1e-4 + 1), false).normalized_std, 0, 1e-3) << "all rows nearly alike";
  at::Tensor off = z.clone();
  off.select(1, 3).fill_(2.5);
  off.select(1, 7).zero_();
  EXPECT_EQ(summarize(array_of(off), false).constant, (std::vector<int64_t>{3, 7}));

  // In blocks, and with rows that are not finite left out, all stays the same.
  at::Tensor bad = at::cat({z, at::full({2, 16}, NAN, at::kDouble), at::full({1, 16}, INFINITY, at::kDouble)});
  FeatureMoments moments(16, false, /*skip_nonfinite=*/true);
  for (int64_t begin = 0; begin < bad.size(0); begin += 700) moments.add(array_of(bad.slice(0, begin, begin + 700)));
  const auto s = moments.summary(), expected = summarize(array_of(z), false);
  EXPECT_EQ(s.skipped, 3);
  EXPECT_EQ(s.samples, 3000);
  EXPECT_NEAR(s.rankme, expected.rankme, 1e-9);
  EXPECT_NEAR(s.normalized_std, expected.normalized_std, 1e-12);
  EXPECT_NEAR(s.mean_cosine, expected.mean_cosine, 1e-12);
  FeatureMoments strict(16);
  EXPECT_NE(error_of([&] { strict.add(array_of(bad.slice(0, 2990))); }).find("3 rows of a block of 13"),
            std::string::npos);
}

TEST(ColumnMoments, AreTheSumsInDoublePrecisionForEveryTypeAndShape) {
  at::manual_seed(3);
  for (const auto type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const auto& [n, d] : std::vector<std::pair<int64_t, int64_t>>{{1, 1}, {3, 7}, {40, 300}, {17, 1029}}) {
      const at::Tensor rows = (at::randn({n, d}) * 2 + 1).to(type), wide = rows.to(at::kDouble);
      const std::string what =
          format("%s, %lld x %lld", c10::toString(type), static_cast<long long>(n), static_cast<long long>(d));
      const Array plain = plain_rows(array_of(rows));
      const std::vector<double> lengths = row_lengths(plain);
      EXPECT_TRUE(test::all_close(at::tensor(lengths, at::kDouble), wide.norm(2, {1}), 1e-12)) << what;
      std::vector<double> sum(static_cast<size_t>(d), 1), squares(static_cast<size_t>(d), 1);
      add_unit_sums(plain, lengths, sum, squares);
      const at::Tensor unit = wide / wide.norm(2, {1}, /*keepdim=*/true);
      EXPECT_TRUE(test::all_close(at::tensor(sum, at::kDouble), 1 + unit.sum(0), 1e-12)) << what;
      EXPECT_TRUE(test::all_close(at::tensor(squares, at::kDouble), 1 + unit.square().sum(0), 1e-12)) << what;
      EXPECT_TRUE(test::all_close(at::tensor(mean_of(plain), at::kDouble), wide.mean(0), 1e-12)) << what;
      EXPECT_TRUE(test::all_close(tensor::tensor_of(unit_rows(plain)), unit, 1e-14)) << what;
    }
  }
}

TEST(Measures, DoNotDependOnRotationOrScale) {
  at::manual_seed(7);
  const at::Tensor z = at::randn({500, 8}, at::kDouble) * at::arange(1, 9).to(at::kDouble);
  const at::Tensor q = std::get<0>(at::linalg_qr(at::randn({8, 8}, at::kDouble)));
  const auto a = measures_of(summarize(array_of(z), false)), b = measures_of(summarize(array_of(z.mm(q) * 37), false));
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_FALSE(a[i].definition.empty() || a[i].caveat.empty()) << a[i].name;
    if (a[i].name == "normalized-std" || std::isnan(a[i].value)) continue;  // it is of the columns
    EXPECT_NEAR(b[i].value, a[i].value, 1e-9 * std::abs(a[i].value)) << a[i].name;
  }
}

TEST(VerdictOfTensors, TellsTheCasesApart) {
  at::manual_seed(8);
  const auto of = [](const at::Tensor& z) { return verdict(summarize(array_of(z), false), {}); };
  const at::Tensor z = at::randn({1000, 40}, at::kDouble);
  EXPECT_EQ(of(z).name(), "healthy");
  EXPECT_EQ(of(z.slice(0, 0, 60)).name(), "too few rows to tell");
  EXPECT_EQ(of(at::ones({1000, 40}, at::kDouble)).text.substr(0, 21), "all rows are the same");
  EXPECT_EQ(of(at::ones({1000, 40}, at::kDouble) + 1e-3 * z).name(), "almost one direction");
  const auto low = of(at::cat({z.slice(1, 0, 30), z.slice(1, 0, 10)}, 1));
  EXPECT_EQ(low.name(), "dimensional collapse");
  EXPECT_EQ(low.dead, 10);
  EXPECT_NE(low.text.find("10 of 40 directions, those from rank 31 on"), std::string::npos) << low.text;
  // One dead direction of 40 is under a twentieth; the line can be drawn elsewhere.
  const auto one = summarize(array_of(at::cat({z.slice(1, 0, 39), z.slice(1, 0, 1)}, 1)), false);
  EXPECT_EQ(verdict(one, {}).name(), "healthy");
  VerdictSettings strict;
  strict.collapsed_share = 0;
  EXPECT_EQ(verdict(one, strict).name(), "dimensional collapse");
}

// By hand: rows (3, 0), (3, 0), (0, 1), (0, -1) have Z^T Z = diag(18, 2) and mean (1.5, 0), covariance diag(2.25, 0.5).
TEST(CompatibleMeasures, FollowTheOthersConventions) {
  const at::Tensor z = at::tensor({3.0, 0.0, 3.0, 0.0, 0.0, 1.0, 0.0, -1.0}, at::kDouble).view({4, 2});
  const SpectrumSummary s = summarize(array_of(z), false);
  const auto entropy = [](double a, double b, double epsilon) {
    const double p = a / (a + b) + epsilon, q = b / (a + b) + epsilon;
    return std::exp(-p * std::log(p) - q * std::log(q));
  };
  const double first = std::sqrt(18.0), second = std::sqrt(2.0);
  const auto value = [&](const char* tool, size_t i = 0) { return compatible_measures(s, tool).at(i).value; };
  EXPECT_NEAR(value("rankme-paper"), entropy(first, second, 1e-7), 1e-12);
  EXPECT_NEAR(value("stable-pretraining"), entropy(first, second, 1e-5), 1e-12);
  EXPECT_NEAR(value("google"), entropy(first, second, 1e-12), 1e-12);
  EXPECT_NEAR(value("google", 1), 20.0 / 18, 1e-12);
  EXPECT_NEAR(value("google", 2), 2.75 / 2.25, 1e-12);
  EXPECT_NEAR(value("lightly"), entropy(first, second, 1e-12) / 2, 1e-12);
  EXPECT_NEAR(value("reptrix"), entropy(2.25, 0.5, 1e-7), 1e-12);
  EXPECT_THROW(compatible_measures(s, "other"), InputError);
}

TEST(Jackknife, FindsTheErrorAndTheBiasThatRepetitionShows) {
  constexpr int64_t kRows = 400, kWidth = 12;
  std::vector<double> ranks, errors, biases;
  // Not isotropic: at the largest rank there is, the error is of second order and no jackknife knows it.
  const at::Tensor scale = at::linspace(3, 0.3, kWidth, at::kDouble);
  for (uint64_t seed = 0; seed < 40; ++seed) {
    at::manual_seed(seed);
    Jackknife jackknife(kWidth, 10);
    const at::Tensor z = at::randn({kRows, kWidth}, at::kDouble) * scale;
    jackknife.add(array_of(z.slice(0, 0, 150)));  // groups go on over blocks
    jackknife.add(array_of(z.slice(0, 150)));
    const auto estimate = jackknife.estimates().at(0);
    EXPECT_NEAR(estimate.value, summarize(array_of(z), false).effective_rank_lambda, 1e-10);
    ranks.push_back(estimate.value);
    errors.push_back(estimate.standard_error);
    biases.push_back(estimate.bias);
  }
  const auto mean = [](const std::vector<double>& v) {
    double sum = 0;
    for (const double x : v) sum += x / static_cast<double>(v.size());
    return sum;
  };
  double variance = 0;
  for (const double rank : ranks) variance += (rank - mean(ranks)) * (rank - mean(ranks)) / 39;
  EXPECT_NEAR(mean(errors), std::sqrt(variance),
              0.35 * std::sqrt(variance));  // 40 runs know it to 11 %, 10 groups to 24
  // What the mean lacks of the truth is the bias, here a third of an error.
  const double truth = effective_rank(values_of(scale.square()));
  EXPECT_LT(mean(biases), 0);
  EXPECT_NEAR(mean(biases), mean(ranks) - truth, 3 * std::sqrt(variance / 40));
}

}  // namespace
}  // namespace directclr::spectrum
