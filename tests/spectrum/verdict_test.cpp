#include "directclr/spectrum/verdict.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "directclr/spectrum/spectrum.h"
#include "tests/support/matrices.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;

Array plus(Array rows, double offset) {
  for (double& value : rows.mutable_values<double>()) value += offset;
  return rows;
}

// (rows, columns) of that rank.
Array low_rank(int64_t rows, int64_t rank, int64_t columns) {
  return test::plain_product(test::normal_array(rows, rank, 1), test::normal_array(rank, columns, 2));
}

Verdict of(const Array& rows) { return verdict(summarize(rows, false), {}); }

TEST(VerdictKinds, HaveNamesOfTheirOwnAndCoverAllKinds) {
  std::set<std::string> names, texts;
  for (const auto& kind : verdict_kinds()) {
    EXPECT_TRUE(names.insert(kind.name).second && texts.insert(kind.text).second) << kind.name;
    Verdict v;
    v.kind = kind.kind;
    EXPECT_EQ(v.name(), kind.text);
    EXPECT_FALSE(kind.collapse && kind.severity < 2) << kind.name;
  }
  EXPECT_EQ(names.size(), 5U);
}

// A large mean changes no centred spectrum: it is said beside what the spectrum amounts to, and never in its place.
TEST(Verdict, TakesNoOffsetForCollapseAndHidesNothingBehindIt) {
  const Array full = test::normal_array(400, 20, 3), low = low_rank(400, 12, 20);
  for (const double offset : {100.0, 1000.0}) {
    const Verdict v = of(plus(full.clone(), offset));
    EXPECT_EQ(v.kind, Verdict::Kind::kOneDirection) << v.text;
    EXPECT_EQ(v.dead, 0);
    EXPECT_NE(v.text.find("almost the same way"), std::string::npos) << v.text;
    const Verdict both = of(plus(low.clone(), offset));
    EXPECT_EQ(both.kind, Verdict::Kind::kDimensionalCollapse) << both.text;
    EXPECT_EQ(both.dead, 8);
    EXPECT_NE(both.text.find("8 of 20 directions"), std::string::npos) << both.text;
    EXPECT_NE(both.text.find("almost the same way"), std::string::npos) << both.text;
  }
  EXPECT_EQ(of(plus(full.clone(), 1)).kind, Verdict::Kind::kHealthy);
}

TEST(Verdict, CountsColumnsThatNeverVary) {
  for (const size_t off : {1, 2}) {
    Array rows = test::normal_array(400, 20, 5);
    for (size_t i = 0; i < 400; ++i) {
      for (size_t k = 0; k < off; ++k) rows.mutable_values<double>()[20 * i + k] = 0;
    }
    EXPECT_TRUE(of(rows).text.ends_with(off == 1 ? "; 1 dimension never varies" : "; 2 dimensions never vary"))
        << of(rows).text;
  }
}

// Rows that differ by the rounding of their type do not vary.
TEST(Verdict, TakesRoundingForNoVariation) {
  Array rows = test::normal_array(400, 20, 4);
  for (double& value : rows.mutable_values<double>()) value = 1000 + 1e-5 * value;
  EXPECT_EQ(of(rows).kind, Verdict::Kind::kOneDirection) << "float64 holds it";
  EXPECT_EQ(of(rows.to(DType::kFloat32)).kind, Verdict::Kind::kCompleteCollapse) << of(rows.to(DType::kFloat32)).text;
}

// By hand: eigenvalues 1, 1/2, t of five, 101 rows, stable rank 1.5 + 3 t. With m = 2 the three small ones count
// 3 t / (1 - 2/100) / (1e-4 / (1 + sqrt(r / 101))^2).
TEST(LiveDirections, AreBoundedByWhatTheRestOfTheSpectrumHolds) {
  SpectrumSummary s;
  s.samples = 101;
  const double t = 1e-5;
  s.values = {1, 0.5, t, t, t};
  const double inflation = std::pow(1 + std::sqrt((1.5 + 3 * t) / 101), 2);
  const double bound = 2 + 3 * t / 0.98 / (1e-4 / inflation);
  ASSERT_NEAR(bound, 2.385, 0.01);
  EXPECT_EQ(live_directions_at_most(s, 1e-4), 2);
  EXPECT_EQ(live_directions_at_most(s, 1e-5 / inflation / 0.98 * 3), 3) << "the three hold one such direction";
  s.values = {1, 0.5, 0.4, 0.3, 0.2};
  EXPECT_EQ(live_directions_at_most(s, 1e-4), 5) << "no more than there are";
  s.values = {0, 0};
  EXPECT_EQ(live_directions_at_most(s, 1e-4), 0);
}

// Few rows of few directions are a finding, whichever way the directions lie; few rows of many are none.
TEST(Verdict, OfFewRowsFindsWhatMoreRowsCouldNotChange) {
  const Array turn = test::orthogonal(60, 5);
  Array two = Array::zeros({40, 60}, DType::kFloat64);
  const Array values = test::normal_array(40, 60, 6);
  for (size_t i = 0; i < 40; ++i) {
    for (size_t j = 0; j < 60; ++j) {
      two.mutable_values<double>()[i * 60 + j] = values.values<double>()[i * 60 + j] * (j < 2 ? 1 : 1e-4);
    }
  }
  const Array turned = test::plain_product(two, turn);
  for (const Array& rows : {two, turned}) {
    const Verdict v = of(rows);
    EXPECT_EQ(v.kind, Verdict::Kind::kDimensionalCollapse) << v.text;
    EXPECT_EQ(v.dead, of(two).dead);
    EXPECT_GE(v.dead, 57);
    EXPECT_LE(v.dead, 58);
    EXPECT_NE(v.text.find("however many rows were added"), std::string::npos) << v.text;
  }
  const Verdict many = of(values);
  EXPECT_EQ(many.kind, Verdict::Kind::kTooFewRows) << many.text;
  EXPECT_EQ(many.dead, 0) << "the 21 zeros are for want of rows";
}

// What is estimated as dead of few rows is dead of many, also where the spectrum falls slowly.
TEST(Verdict, OfFewRowsAgreesWithManyWhereItFindsSomething) {
  for (const double exponent : {0.5, 1.0, 1.7, 2.0, 4.0}) {
    Array rows = test::normal_array(3000, 200, 7);
    for (size_t i = 0; i < rows.values<double>().size(); ++i) {
      rows.mutable_values<double>()[i] *= std::pow(static_cast<double>(i % 200 + 1), -exponent / 2);
    }
    const Verdict many = of(rows);
    for (const int64_t n : {80, 199, 200, 300}) {  // as many rows as dimensions, too
      const Verdict few = of(rows.slice(0, n));
      EXPECT_LE(few.dead, many.dead) << exponent << ", " << n << " rows: " << few.text;
      EXPECT_TRUE(few.kind != Verdict::Kind::kDimensionalCollapse || many.kind == few.kind) << exponent;
      EXPECT_TRUE(exponent < 4 || few.kind == Verdict::Kind::kDimensionalCollapse) << few.text;
    }
  }
}

// Rank 12 of 20 in each type: eight eigenvalues are what rounding makes of nothing, and are 0; the power law has no
// part in them.
TEST(RoundingFloor, LiesAboveWhatRoundingMakesAndBelowWhatIsMeasured) {
  const Array rows = low_rank(400, 12, 20);
  for (const auto& [type, at_most] : {std::pair(DType::kFloat64, 1e-13), std::pair(DType::kFloat32, 1e-12),
                                      std::pair(DType::kFloat16, 1e-5), std::pair(DType::kBFloat16, 1e-3)}) {
    const SpectrumSummary s = summarize(rows.to(type), false);
    const char* name = array::name_of(type);
    EXPECT_EQ(count_below(s.values, 1e-30), 8) << name;
    EXPECT_GT(s.values[11], 100 * s.floor) << name;
    EXPECT_GT(s.floor, 0) << name;
    EXPECT_LT(s.floor, at_most * s.values[0]) << name;
    EXPECT_TRUE(std::isnan(s.power_law.alpha)) << name << ": two values of ranks 11 to 100 are measured";
    EXPECT_TRUE(std::isinf(s.condition_number)) << name;
    // An offset costs digits, and they are not counted as directions.
    const SpectrumSummary moved = summarize(plus(rows.clone(), 30).to(type), false);
    EXPECT_TRUE(moved.floor > s.floor || type == DType::kFloat64) << name;
    EXPECT_EQ(count_below(moved.values, 1e-30), 8) << name;
  }
}

TEST(PowerLawFit, NamesTheRanksThatItUsed) {
  std::vector<double> values;
  for (int j = 1; j <= 40; ++j) values.push_back(j <= 30 ? std::pow(j, -1.5) : 0);
  const PowerLaw fit = power_law(values, 11, 100);
  EXPECT_NEAR(fit.alpha, 1.5, 1e-12);
  EXPECT_EQ(fit.first, 11);
  EXPECT_EQ(fit.last, 30);
}

}  // namespace
}  // namespace directclr::spectrum
