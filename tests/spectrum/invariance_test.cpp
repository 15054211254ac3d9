#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

#include "directclr/spectrum/measures.h"
#include "directclr/spectrum/spectrum.h"
#include "directclr/spectrum/verdict.h"
#include "tests/support/matrices.h"

// What each measure sees and what it does not: the properties by which a reader chooses among them.
namespace directclr::spectrum {
namespace {

using array::Array;

std::vector<int64_t> permutation(int64_t n, uint64_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), int64_t{0});
  RandomStream random(seed, Purpose::kSplit);
  for (auto left = static_cast<uint32_t>(n); left > 1; --left) std::swap(order[left - 1], order[random.below(left)]);
  return order;
}

Array scaled(const Array& z, double factor) {
  Array made = z.clone();
  for (double& value : made.mutable_values<double>()) value *= factor;
  return made;
}

Array each_twice(const Array& z) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < z.size(0); ++i) order.insert(order.end(), {i, i});
  return z.rows(order);
}

Array moved(const Array& z) {
  const std::vector<double> offset = array::to_doubles(test::normal_array(1, z.size(1), 77));
  Array made = z.clone();
  const auto values = made.mutable_values<double>();
  for (size_t i = 0; i < values.size(); ++i) values[i] += 3 * offset[i % offset.size()];
  return made;
}

// By the matrix of the discrete Hartley transform, which is orthogonal, and mixes every axis with all the others.
Array rotated(const Array& z) {
  const int64_t d = z.size(1);
  std::vector<double> turn;
  for (int64_t i = 0; i < d; ++i) {
    for (int64_t j = 0; j < d; ++j) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(i * j % d) / static_cast<double>(d);
      turn.push_back((std::cos(angle) + std::sin(angle)) / std::sqrt(static_cast<double>(d)));
    }
  }
  return test::plain_product(z, Array::of(std::move(turn), {d, d}));
}

struct Change {
  const char* name;
  bool Invariances::*stays;
  std::function<Array(const Array&)> apply;
};
const std::array<Change, 6>& changes() {
  static const std::array<Change, 6> all = {{
      {"rotation of the features", &Invariances::rotation, rotated},
      {"scale", &Invariances::scale, [](const Array& z) { return scaled(z, 37); }},
      {"order of the rows", &Invariances::row_order, [](const Array& z) { return z.rows(permutation(z.size(0), 5)); }},
      {"order of the columns", &Invariances::column_order,
       [](const Array& z) {
         return z.transposed().contiguous().rows(permutation(z.size(1), 6)).transposed().contiguous();
       }},
      {"every row twice", &Invariances::repetition, each_twice},
      {"a constant added to all rows", &Invariances::translation, moved},
  }};
  return all;
}

// Eigenvalues from 1 to 1e-5 of the largest, two of them below 1e-4: nothing is lost in rounding.
Array decaying() {
  Array z = test::normal_array(400, 20, 1);
  const auto values = z.mutable_values<double>();
  for (size_t i = 0; i < values.size(); ++i) values[i] *= std::pow(10, -2.5 * static_cast<double>(i % 20) / 19);
  return z;
}

// A column that does not vary.
Array with_constant_column() {
  Array z = test::normal_array(100, 12, 2);
  for (size_t i = 3; i < z.values<double>().size(); i += 12) z.mutable_values<double>()[i] = 2.5;
  return z;
}

std::vector<Measure> measures(const Array& z) { return measures_of(summarize(z, false)); }

TEST(Invariance, OfEveryMeasureIsAsTheTableSays) {
  const std::vector<Measure> of_decaying = measures(decaying()), of_constant = measures(with_constant_column());
  for (size_t m = 0; m < of_decaying.size(); ++m) {
    const std::string& name = of_decaying[m].name;
    const Invariances& stays = measure_kinds().at(name).stays;
    const bool counts_columns = name == "constant-dimensions";
    const double before = (counts_columns ? of_constant : of_decaying)[m].value;
    ASSERT_GT(std::abs(before), 1e-3) << name << ": the witness shows nothing";
    for (size_t c = 0; c < changes().size(); ++c) {
      const Array z = changes()[c].apply(counts_columns ? with_constant_column() : decaying());
      const double after = measures(z)[m].value, apart = std::abs(after - before) / std::abs(before);
      if (stays.*changes()[c].stays) {
        EXPECT_LE(apart, 1e-9) << name << ", " << changes()[c].name << ": " << before << " becomes " << after;
      } else {
        EXPECT_GE(apart, 1e-2) << name << ", " << changes()[c].name << ": " << before << " stays " << after;
      }
    }
  }
}

TEST(ConstantDimensions, AreThoseThatDoNotVaryAndNoWeakOnes) {
  EXPECT_EQ(summarize(with_constant_column(), false).constant, (std::vector<int64_t>{3}));
  EXPECT_TRUE(summarize(decaying(), false).constant.empty());
  Array weak = test::normal_array(50, 3, 8);
  for (size_t i = 1; i < 150; i += 3) weak.mutable_values<double>()[i] *= 1e-5;
  EXPECT_TRUE(summarize(weak, false).constant.empty());
  for (size_t i = 1; i < 150; i += 3) weak.mutable_values<double>()[i] *= 1e-2;
  EXPECT_EQ(summarize(weak, false).constant, (std::vector<int64_t>{1})) << "variance 1e-14 of the others";
}

// Of rows (2 d + 100, d) that stand for the axes.
Array one_hot_clusters(int64_t d) {
  Array z = Array::zeros({2 * d + 100, d}, array::DType::kFloat64);
  for (int64_t i = 0; i < z.size(0); ++i) z.mutable_values<double>()[static_cast<size_t>(i * d + i % 3)] = 1;
  return z;
}

Array plus_minus_column(int64_t d) {
  Array z = Array::zeros({2 * d + 100, d}, array::DType::kFloat64);
  for (int64_t i = 0; i < z.size(0); ++i) z.mutable_values<double>()[static_cast<size_t>(i * d)] = i % 2 == 0 ? 1 : -1;
  return z;
}

Array nearly_alike(int64_t d) {
  Array z = test::normal_array(2 * d + 100, d, 3);
  for (double& value : z.mutable_values<double>()) value = 1 + 1e-3 * value;
  return z;
}

// In many dimensions the columns' deviations of few directions are small on the average, so a rule on them would take
// rows in three clusters for rows that are all alike, until they are turned.
TEST(Invariance, OfTheVerdictIsUnderRotationScaleAndOrder) {
  struct Case {
    const char* what;
    Array rows;
    const char* verdict;
    int64_t dead;
  };
  for (const auto& [what, rows, expected, dead] :
       {Case{"clusters", one_hot_clusters(300), "dimensional collapse", 298},
        Case{"clusters in many dimensions", one_hot_clusters(850), "dimensional collapse", 848},
        Case{"a column", plus_minus_column(300), "dimensional collapse", 299},
        Case{"a column in many dimensions", plus_minus_column(450), "dimensional collapse", 449},
        Case{"nearly alike", nearly_alike(60), "almost one direction", 0},
        Case{"isotropic", test::normal_array(220, 60, 4), "healthy", 0},
        Case{"few", test::normal_array(100, 60, 4), "too few rows to tell", 0}}) {
    const SpectrumSummary before = summarize(rows, false);
    const Verdict own = verdict(before, {});
    EXPECT_EQ(own.name(), expected) << what << ": " << own.text;
    EXPECT_EQ(own.dead, dead) << what;
    for (size_t c = 0; c < 4; ++c) {
      const SpectrumSummary after = summarize(changes()[c].apply(rows), false);
      const Verdict v = verdict(after, {});
      EXPECT_EQ(v.name(), expected) << what << ", " << changes()[c].name << ": " << v.text;
      EXPECT_EQ(v.dead, dead) << what << ", " << changes()[c].name;
      EXPECT_NEAR(angular_spread(after), angular_spread(before), 1e-9) << what << ", " << changes()[c].name;
    }
  }
}

TEST(AngularSpread, IsTheRootMeanSquaredDistanceOfDirections) {
  EXPECT_NEAR(angular_spread(summarize(one_hot_clusters(301), false)), std::sqrt(2.0 / 3), 1e-5);
  EXPECT_NEAR(angular_spread(summarize(plus_minus_column(40), false)), 1, 1e-12);
  EXPECT_NEAR(angular_spread(summarize(nearly_alike(60), false)), 1e-3, 1e-4);
  SpectrumSummary none;
  none.mean_cosine = std::nan("");
  EXPECT_TRUE(std::isnan(angular_spread(none)));
  none.mean_cosine = 1 + 1e-15;  // as rounding may leave it
  EXPECT_EQ(angular_spread(none), 0);
}

}  // namespace
}  // namespace directclr::spectrum
