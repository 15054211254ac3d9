#include "directclr/report/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace directclr::report {
namespace {

TEST(StudentT, EqualsItsClosedFormsAndTabulatedQuantiles) {
  for (const double t : {-7.5, -1.0, -0.1, 0.0, 0.3, 2.0, 40.0}) {
    EXPECT_NEAR(student_t(t, 1), 0.5 + std::atan(t) / std::numbers::pi, 1e-14) << t;
    EXPECT_NEAR(student_t(t, 2), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-14) << t;
    for (const int64_t degrees : {1, 2, 3, 4, 7, 30}) {
      EXPECT_NEAR(student_t(t, degrees) + student_t(-t, degrees), 1, 1e-14) << t << ", " << degrees;
    }
  }
  // 97.5 % points, as in any table of the distribution.
  const std::pair<int64_t, double> points[] = {{1, 12.7062047361747}, {2, 4.30265272974946}, {3, 3.18244630528371},
                                               {4, 2.77644510519779}, {5, 2.57058183563631}, {10, 2.22813885198627},
                                               {30, 2.04227245630124}};
  for (const auto& [degrees, t] : points) EXPECT_NEAR(student_t(t, degrees), 0.975, 1e-12) << degrees;
}

TEST(ProbabilityAboveZero, FollowsTheDifferences) {
  EXPECT_TRUE(std::isnan(probability_above_zero({})));
  EXPECT_TRUE(std::isnan(probability_above_zero({1.5})));
  EXPECT_EQ(probability_above_zero({2, 2, 2}), 1);
  EXPECT_EQ(probability_above_zero({-2, -2}), 0);
  EXPECT_EQ(probability_above_zero({0, 0}), 0.5);
  // Mean 2, sd 1, n 3: t = 2 sqrt 3, two degrees of freedom.
  const double t = 2 * std::sqrt(3.0);
  EXPECT_NEAR(probability_above_zero({1, 2, 3}), 0.5 + t / (2 * std::sqrt(2 + t * t)), 1e-14);
  EXPECT_NEAR(probability_above_zero({1, 2, 3}) + probability_above_zero({-1, -2, -3}), 1, 1e-14);
}

TEST(Sample, SaysOnlyWhatSoFewTell) {
  EXPECT_EQ(sample({}).count, 0);
  EXPECT_TRUE(std::isnan(sample({}).mean));
  const Sample one = sample({3});
  EXPECT_EQ(one.mean, 3);
  EXPECT_TRUE(std::isnan(one.sd) && std::isnan(one.low) && std::isnan(one.high));
  // Resampled means of {0, 1} are 0, 1/2, 1 with probabilities 1/4, 1/2, 1/4: the outer 2.5 % lie at the ends.
  const Sample two = sample({0, 1});
  EXPECT_EQ(two.mean, 0.5);
  EXPECT_NEAR(two.sd, std::sqrt(0.5), 1e-15);
  EXPECT_EQ(two.low, 0);
  EXPECT_EQ(two.high, 1);
  // Of many values the bootstrap's interval is the normal one: mean +- 1.96 sd / sqrt n.
  std::vector<double> many;
  for (int i = 0; i < 400; ++i) many.push_back(std::sin(i));
  const Sample s = sample(many);
  const double half = 1.96 * s.sd / 20;
  EXPECT_NEAR(s.low, s.mean - half, 0.1 * half);
  EXPECT_NEAR(s.high, s.mean + half, 0.1 * half);
  EXPECT_EQ(sample(many).low, s.low) << "the resampling has a fixed seed";
}

TEST(RankCorrelation, IsSpearmans) {
  EXPECT_TRUE(std::isnan(rank_correlation({1, 2}, {1, 2})));
  EXPECT_TRUE(std::isnan(rank_correlation({1, 2, 3}, {5, 5, 5})));
  EXPECT_NEAR(rank_correlation({1, 2, 3, 4}, {10, 20, 400, 8000}), 1, 1e-15);
  EXPECT_NEAR(rank_correlation({1, 2, 3, 4}, {4, 3, 2, 1}), -1, 1e-15);
  // Without ties: 1 - 6 sum d^2 / (n (n^2 - 1)), here d = 0, 1, 1, 0.
  EXPECT_NEAR(rank_correlation({1, 2, 3, 4}, {1, 3, 2, 4}), 1 - 6.0 * 2 / (4 * 15), 1e-15);
  // With ties, ranks 1.5, 1.5, 3 against 1, 2, 3: Pearson of the ranks.
  EXPECT_NEAR(rank_correlation({7, 7, 9}, {1, 2, 3}), 1.5 / std::sqrt(1.5 * 2), 1e-15);
}

TEST(BelowZero, NamesWhatChanceDoesNot) {
  // t = -10 with 9 degrees of freedom: p = 1.8e-6; t = -2: 0.038, which among twenty others is nothing.
  std::vector<double> means(20, 0.5), errors(20, 1);
  means[3] = -10;
  means[7] = -2;
  auto below = below_zero(means, errors, 9);
  EXPECT_TRUE(below[3]);
  EXPECT_FALSE(below[7]);
  EXPECT_EQ(std::count(below.begin(), below.end(), true), 1);
  // When half of all are far below, the same t is named with them: 0.038 is above 0.05 * 12 / 20.
  for (size_t k = 10; k < 20; ++k) means[k] = -10;
  EXPECT_FALSE(below_zero(means, errors, 9)[7]);
  means[7] = -2.5;  // p = 0.0169
  EXPECT_TRUE(below_zero(means, errors, 9)[7]);
}

TEST(BelowZero, EdgesAndFalseDiscoveries) {
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(below_zero({-1, 1, -1}, {0, 0, infinite}, 3), (std::vector<bool>{true, false, false}));
  EXPECT_EQ(below_zero({-1}, {1}, 0), (std::vector<bool>{false})) << "one batch has no error to judge by";
  EXPECT_TRUE(below_zero({}, {}, 3).empty());
}

}  // namespace
}  // namespace directclr::report
