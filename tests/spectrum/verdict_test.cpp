#include "directclr/spectrum/verdict.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "directclr/spectrum/measures.h"
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
  EXPECT_EQ(names.size(), 6U);
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

// Where rows differ mostly in length, one direction has most of the variance, and beside it the others only look dead.
TEST(Verdict, NamesADirectionThatHasMostOfTheVariance) {
  Array rows = test::normal_array(400, 20, 3);
  for (size_t i = 0; i < 400; ++i) rows.mutable_values<double>()[20 * i] *= 1000;
  const auto hint = [](const Verdict& v) {
    EXPECT_EQ(v.kind, Verdict::Kind::kDimensionalCollapse) << v.text;
    return v.text.find("one direction has 100 % of all variance") != std::string::npos;
  };
  EXPECT_TRUE(hint(of(rows)));
  EXPECT_FALSE(hint(verdict(summarize(rows, /*l2_normalize=*/true), {}))) << "they have one length";
  EXPECT_FALSE(hint(of(low_rank(400, 12, 20)))) << "no direction stands out";
  for (size_t i = 0; i < 400; ++i) rows.mutable_values<double>()[20 * i + 1] *= 800;  // 1 : 0.64
  EXPECT_NE(of(rows).text.find("one direction has 59 %"), std::string::npos) << of(rows).text;
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

Array scaled(Array rows, double scale) {
  for (double& value : rows.mutable_values<double>()) value *= scale;
  return rows;
}

// Isotropic rows that their type holds badly: what rounding can make is no sign of dead directions, nor of life.
TEST(Verdict, CannotTellWhatRoundingHides) {
  using Kind = Verdict::Kind;
  const Array faint = plus(scaled(test::normal_array(400, 20, 4), 1e-5), 1000);
  EXPECT_EQ(of(faint).kind, Kind::kOneDirection) << "float64 holds it";
  const Array half = plus(scaled(test::normal_array(500, 32, 4), 0.02), 30), wide = test::normal_array(2000, 64, 5),
              narrow = test::normal_array(500, 32, 6);
  Array low = half.clone();  // two directions are really dead, and cannot be told from the rest
  for (size_t i = 0; i < low.values<double>().size(); ++i) {
    if (i % 32 < 2) low.mutable_values<double>()[i] = 30;
  }
  for (const auto& [what, rows] :
       {std::pair("faint", faint.to(DType::kFloat32)), std::pair("float16", half.to(DType::kFloat16)),
        std::pair("with dead", low.to(DType::kFloat16)),
        std::pair("1.5e7", plus(wide.clone(), 1.5e7).to(DType::kFloat32)),
        std::pair("3e7", plus(narrow.clone(), 3e7).to(DType::kFloat32)),
        std::pair("few rows", plus(narrow.clone(), 3e7).to(DType::kFloat32).slice(0, 20))}) {
    const SpectrumSummary s = summarize(rows, false);
    const Verdict v = verdict(s, {});
    EXPECT_EQ(v.kind, Kind::kTooCoarse) << what << ": " << v.text;
    EXPECT_EQ(v.dead, 0) << what;
    EXPECT_GT(s.floor, 0.05 * s.values[0]) << what;
    EXPECT_GT(s.values[s.values.size() / 4], 0) << what << ": shown as measured";
    EXPECT_EQ(v.text.find("all rows are the same"), std::string::npos) << v.text;
    EXPECT_NE(v.text.find("subtract their mean before they are rounded"), std::string::npos) << v.text;
    EXPECT_TRUE(std::isnan(measure_kinds().at("dead-directions").value(s))) << what;
    EXPECT_NE(reason_of(measure_kinds().at("dead-directions"), s).find("rounding hides"), std::string::npos) << what;
  }
  // NumPy of the same kind of rows: the smallest eigenvalue is half of the largest, far above what rounding makes.
  const SpectrumSummary fine = summarize(plus(wide.clone(), 1e6).to(DType::kFloat32), false);
  EXPECT_GT(fine.floor, 1e-4 * fine.values[0]);
  EXPECT_EQ(hidden_at(fine, 1e-4), 0);
  EXPECT_EQ(verdict(fine, {}).kind, Kind::kOneDirection);
  EXPECT_EQ(measure_kinds().at("dead-directions").value(fine), 0);
}

// One of 32 is no twentieth: whichever side it is on decides nothing, and is said.
TEST(Verdict, SaysWhereAHiddenDirectionDecidesNothing) {
  SpectrumSummary s;
  s.values = std::vector<double>(32, 1);
  s.values.back() = 1e-3;
  s.samples = 1000;
  s.floor = 1e-2;
  const Verdict v = verdict(s, {});
  EXPECT_EQ(v.kind, Verdict::Kind::kHealthy);
  EXPECT_EQ(v.dead, 0);
  EXPECT_TRUE(v.text.ends_with("; 1 may be dead or not: rounding alone can make 0.01 of the largest variance"))
      << v.text;
  s.samples = 4;  // 29 of them for want of rows, which is no rounding
  EXPECT_EQ(hidden_at(s, 1e-4), 0);
  s.floor = 1e-5;
  EXPECT_EQ(verdict(s, {}).text.find("rounding"), std::string::npos) << "below the line";
}

// Sums of 0.1 are not ten times as much: rows that are the same vary by nothing all the same, over several blocks and
// after a merge; rows of which one differs in its last digit are not the same.
TEST(Verdict, OfCompleteCollapseIsWhereRowsAreTheSameAndOnlyThere) {
  for (const DType type : {DType::kFloat64, DType::kFloat32, DType::kFloat16, DType::kBFloat16}) {
    for (const double value : {0.1, 1.0 / 3, 1e7 / 3, 0.0}) {
      const Array same = plus(Array::zeros({3000, 7}, DType::kFloat64), type == DType::kFloat16 ? value / 1e3 : value);
      EXPECT_EQ(of(same.to(type)).kind, Verdict::Kind::kCompleteCollapse) << array::name_of(type) << " " << value;
      FeatureMoments first(7), second(7);
      first.add(same.to(type).slice(0, 1000));
      second.add(same.to(type).slice(1000, 3000));
      first.add(second);
      EXPECT_EQ(verdict(first.summary(), {}).kind, Verdict::Kind::kCompleteCollapse) << value;
      EXPECT_EQ(verdict(summarize(same.to(type), true), {}).kind, Verdict::Kind::kCompleteCollapse) << value;
    }
  }
  Array nearly = plus(Array::zeros({300, 7}, DType::kFloat64), 0.1);
  nearly.mutable_values<double>()[1000] = std::nextafter(0.1, 1);
  EXPECT_EQ(of(nearly).kind, Verdict::Kind::kTooCoarse) << of(nearly).text;
}

// The moments keep what type the rows had when they are kept and restored.
TEST(FeatureMoments, KnowTheRoundingOfTheirRowsAgain) {
  FeatureMoments moments(20), again(20);
  moments.add(plus(test::normal_array(400, 20, 4), 3e7).to(DType::kFloat32));
  again.restore(moments.sums());
  EXPECT_EQ(again.summary().floor, moments.summary().floor);
}

// Of rows that hardly vary beside their mean sums of squares know only eight digits of the spread.
TEST(AngularSpread, HasItsDigitsWhereRowsAreNearlyAlike) {
  for (const double variation : {1e-3, 1e-5, 1e-7, 1e-9, 1e-12}) {
    Array rows = plus(scaled(test::normal_array(500, 32, 4), variation), 1);
    for (size_t i = 0; i < 500; ++i) rows.mutable_values<double>()[32 * i] *= 2;
    const SpectrumSummary s = summarize(rows, false);
    const Directions exact = directions_of(rows);  // about their mean, row by row
    EXPECT_NEAR(angular_spread(s), exact.spread, 1e-3 * exact.spread) << variation;
    EXPECT_NEAR(s.normalized_std, exact.normalized_std, 1e-3 * exact.normalized_std) << variation;
    EXPECT_GT(exact.spread, 0.5 * variation);
    EXPECT_LT(exact.spread, 1.1 * variation);
  }
}

TEST(Directions, OfRowsOfZerosThereAreNone) {
  const SpectrumSummary s = summarize(Array::zeros({100, 8}, DType::kFloat32), false);
  for (const char* name : {"mean-cosine", "normalized-std"}) {
    EXPECT_TRUE(std::isnan(measure_kinds().at(name).value(s))) << name;
    EXPECT_EQ(reason_of(measure_kinds().at(name), s), "all rows are 0, and have no direction");
  }
  EXPECT_EQ(reason_of(measure_kinds().at("cumulative-area"), s), "all rows are the same");
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
    EXPECT_EQ(std::count_if(moved.values.begin(), moved.values.end(), [&](double v) { return v <= moved.floor; }), 8)
        << name;
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
