#include "directclr/spectrum/analysis.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/philox.h"
#include "directclr/io/npy.h"
#include "directclr/io/safetensors.h"
#include "directclr/spectrum/geometry.h"
#include "directclr/spectrum/geometry_measures.h"
#include "directclr/spectrum/neighbours.h"
#include "directclr/spectrum/similarity.h"
#include "directclr/spectrum/verdict.h"
#include "tests/support/array_matchers.h"
#include "tests/support/error_of.h"
#include "tests/support/matrices.h"
#include "tests/support/temporary_folder.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;
using test::error_of;

// Writes rows and analyses them again.
class Analyse : public ::testing::Test {
 protected:
  Analysis of(const Array& rows, const AnalysisSettings& settings = {}, int64_t limit = 0, bool keep_rows = false,
              const Context& context = {}) {
    const auto path = folder_ / "rows.npy";
    io::write_npy(path, rows);
    io::RowReader reader(path, "");
    return analyse(reader, settings, limit, keep_rows, context);
  }
  std::string error(const Array& rows, const AnalysisSettings& settings) {
    return error_of([&] { of(rows, settings); });
  }

  test::TemporaryFolder folder_;
};

void expect_same(const SpectrumSummary& actual, const SpectrumSummary& expected, double relative) {
  EXPECT_TRUE(test::all_close(actual.values, expected.values, relative));
  EXPECT_TRUE(test::all_close(actual.uncentred, expected.uncentred, relative));
  EXPECT_EQ(actual.samples, expected.samples);
  EXPECT_EQ(actual.l2_normalized, expected.l2_normalized);
  const auto a = measures_of(actual), b = measures_of(expected);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(b[i].value)) continue;
    EXPECT_NEAR(a[i].value, b[i].value, 100 * relative * std::abs(b[i].value)) << a[i].name;
  }
}

TEST_F(Analyse, OfAFileIsThatOfItsRows) {
  const Array rows = test::normal_array(900, 14, 1);
  for (const DType type : {DType::kFloat64, DType::kFloat32, DType::kFloat16}) {
    for (const bool l2_normalize : {false, true}) {
      AnalysisSettings settings;
      settings.l2_normalize = l2_normalize;
      const Array own = rows.to(type);
      const Analysis found = of(own, settings);
      expect_same(found.summary, summarize(own, l2_normalize), 0);
      EXPECT_TRUE(found.jackknife.empty() && found.compatible.empty() && found.geometry.empty());
      EXPECT_EQ(found.rows.numel(), 0);
    }
  }
}

// Rows come in blocks of some 4 MiB: of 300 columns in more than one.
TEST_F(Analyse, GoesOnOverBlocks) {
  const Array rows = test::normal_array(4000, 300, 2).to(DType::kFloat32);
  uint64_t reports = 0, last = 0;
  Context context;
  context.progress = [&](const Progress& progress) {
    EXPECT_GT(progress.done, last);
    EXPECT_EQ(progress.total, 4000U);
    last = progress.done;
    ++reports;
  };
  const Analysis found = of(rows, {}, 0, /*keep_rows=*/true, context);
  EXPECT_EQ(last, 4000U);
  EXPECT_GE(reports, 2U);
  expect_same(found.summary, summarize(rows, false), 1e-13);
  EXPECT_TRUE(test::identical(found.rows, rows));
}

TEST_F(Analyse, TakesTheFirstRowsOfALimit) {
  const Array rows = test::normal_array(500, 6, 3);
  expect_same(of(rows, {}, 120).summary, summarize(rows.slice(0, 120), false), 0);
  expect_same(of(rows, {}, 5000).summary, summarize(rows, false), 0);
  EXPECT_NE(error_of([&] { of(rows, {}, 1); }).find("at least 2 rows"), std::string::npos);
}

TEST_F(Analyse, LeavesOutAndCountsWhatIsNotFinite) {
  const Array rows = test::normal_array(400, 5, 4);
  Array bad = rows.clone();
  for (const size_t row : {0U, 7U, 399U}) bad.mutable_values<double>()[row * 5 + row % 5] = row == 7 ? INFINITY : NAN;
  std::vector<int64_t> good;
  for (int64_t i = 1; i < 399; ++i) {
    if (i != 7) good.push_back(i);
  }
  AnalysisSettings settings;
  const std::string strict = error(bad, settings);
  EXPECT_NE(strict.find("rows.npy"), std::string::npos) << strict;
  EXPECT_NE(strict.find("rows 0, 7, 399 (counted from 0)"), std::string::npos) << strict;
  EXPECT_NE(strict.find("--skip-nonfinite"), std::string::npos) << strict;
  EXPECT_THROW(of(bad), NumericalError);
  settings.skip_nonfinite = true;
  settings.jackknife = 4;
  const Analysis found = of(bad, settings, 0, /*keep_rows=*/true);
  EXPECT_EQ(found.summary.skipped, 3);
  EXPECT_EQ(found.skipped_rows, (std::vector<int64_t>{0, 7, 399}));
  expect_same(found.summary, summarize(rows.rows(good), false), 1e-13);
  EXPECT_TRUE(test::identical(found.rows, rows.rows(good).to(DType::kFloat32)));
  settings.skip_nonfinite = false;
  const Analysis clean = of(rows.rows(good), settings);
  ASSERT_EQ(found.jackknife.size(), clean.jackknife.size());
  for (size_t i = 0; i < clean.jackknife.size(); ++i) {
    const double error = clean.jackknife[i].standard_error;
    if (clean.jackknife[i].measure == "alpha") continue;  // five values have no rank 11
    EXPECT_NEAR(found.jackknife[i].standard_error, error, 1e-12) << "the same groups";
  }
  settings = {};
  settings.skip_nonfinite = true;
  EXPECT_NE(error(Array::of({NAN, 1, 2, NAN, 3, 4}, {3, 2}), settings).find("fewer than 2 rows are finite"),
            std::string::npos);
}

// Over the border of two blocks, and of more rows than are kept the first.
TEST_F(Analyse, NumbersTheRowsItLeavesOut) {
  for (const int64_t apart : {45, 20}) {
    Array rows = test::normal_array(4000, 300, 2).to(DType::kFloat32);
    std::vector<int64_t> expected;
    for (int64_t row = apart - 1; row < 4000; row += apart) {
      rows.mutable_data<float>()[row * 300 + row % 300] = NAN;
      if (expected.size() < kNumberedRows) expected.push_back(row);
    }
    AnalysisSettings settings;
    settings.skip_nonfinite = true;
    std::string notice;
    Context context;
    context.notice = [&](const std::string& line) { notice = line; };
    const Analysis found = of(rows, settings, 0, false, context);
    EXPECT_EQ(found.summary.skipped, 4000 / apart);
    EXPECT_EQ(found.skipped_rows, expected);
    EXPECT_NE(notice.find(numbered(4000 / apart, expected)), std::string::npos) << notice;
  }
}

TEST(Numbered, NamesTenAndCountsTheOthers) {
  EXPECT_EQ(numbered(1, {3}), "row 3 (counted from 0)");
  EXPECT_EQ(numbered(2, {3, 17}, "image"), "images 3, 17 (counted from 0)");
  EXPECT_EQ(numbered(10, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}), "rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 (counted from 0)");
  EXPECT_EQ(numbered(200, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}),
            "rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 190 more (counted from 0)");
}

// By its definition: each group, of every fifth row, left out once.
TEST_F(Analyse, JackknifeLeavesOutEachGroupOnce) {
  constexpr int64_t kGroups = 5;
  const Array rows = test::normal_array(203, 6, 5);
  for (const bool l2_normalize : {false, true}) {
    AnalysisSettings settings;
    settings.jackknife = kGroups;
    settings.l2_normalize = l2_normalize;
    const Analysis found = of(rows, settings);
    const auto values = [](const SpectrumSummary& s) {
      return std::vector<double>{s.effective_rank_lambda, s.effective_rank_sigma, s.participation_ratio, s.stable_rank,
                                 s.cumulative_area};
    };
    std::vector<std::vector<double>> parts;
    for (int64_t g = 0; g < kGroups; ++g) {
      std::vector<int64_t> kept;
      for (int64_t i = 0; i < 203; ++i) {
        if (i % kGroups != g) kept.push_back(i);
      }
      parts.push_back(values(summarize(rows.rows(kept), l2_normalize)));
    }
    const std::vector<double> whole = values(summarize(rows, l2_normalize));
    const std::vector<std::string> names = {"effective-rank", "effective-rank-sigma", "participation-ratio",
                                            "stable-rank", "cumulative-area"};
    ASSERT_EQ(found.jackknife.size(), 6U);
    for (size_t m = 0; m < 5; ++m) {
      double mean = 0, squares = 0;
      for (const auto& part : parts) mean += part[m] / kGroups;
      for (const auto& part : parts) squares += (part[m] - mean) * (part[m] - mean);
      EXPECT_EQ(found.jackknife[m].measure, names[m]);
      EXPECT_NEAR(found.jackknife[m].value, whole[m], 1e-11) << names[m];
      EXPECT_NEAR(found.jackknife[m].standard_error, std::sqrt(0.8 * squares), 1e-10) << names[m];
      EXPECT_NEAR(found.jackknife[m].bias, 4 * (mean - whole[m]), 1e-10) << names[m];
    }
    EXPECT_EQ(found.jackknife[5].measure, "alpha");
  }
}

TEST_F(Analyse, ViewsAndNeighboursAreThoseOfTheKeptRows) {
  const Array rows = test::normal_array(120, 5, 6).to(DType::kFloat32);
  AnalysisSettings settings;
  settings.neighbours = true;
  settings.views = 3;
  const Analysis found = of(rows, settings);
  std::vector<Measure> expected = neighbour_measures(rows, {});
  for (const auto& measure : view_measures(rows, 3)) expected.push_back(measure);
  ASSERT_EQ(found.geometry.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(found.geometry[i].name, expected[i].name);
    EXPECT_EQ(found.geometry[i].value, expected[i].value) << expected[i].name;
  }
  settings.views = 7;
  EXPECT_NE(error(rows, settings).find("120 rows are not two or more samples of 7 views"), std::string::npos);
}

// What is left of a sample of which a view is lost says nothing, and must not shift the others.
TEST_F(Analyse, ASampleWithAViewThatIsNotFiniteIsLeftOut) {
  Array rows = test::normal_array(120, 5, 7).to(DType::kFloat32);
  std::vector<int64_t> whole;
  for (int64_t i = 0; i < 120; ++i) {
    if (i / 2 != 4 && i / 2 != 30) whole.push_back(i);
  }
  const std::vector<Measure> expected = view_measures(rows.rows(whole), 2);
  rows.mutable_values<float>()[8 * 5] = NAN;
  rows.mutable_values<float>()[61 * 5 + 3] = INFINITY;
  AnalysisSettings settings;
  settings.skip_nonfinite = true;
  settings.views = 2;
  const Analysis found = of(rows, settings);
  EXPECT_EQ(found.summary.samples, 118);
  EXPECT_EQ(found.rows.size(0), 118);
  ASSERT_EQ(found.geometry.size(), 2U);
  EXPECT_EQ(found.geometry[0].value, expected[0].value) << "alignment";
  EXPECT_EQ(found.geometry[1].value, expected[1].value) << "lidar";
  // Also where samples lie in two blocks.
  RowAnalysis parts(settings, 120, 5);
  for (int64_t first = 0; first < 120; first += 7) parts.add(rows.slice(first, first + 7));
  EXPECT_EQ(parts.finish("parts").geometry[0].value, expected[0].value);
}

TEST_F(Analyse, GivesTheConventionsOfOthers) {
  const Array rows = test::normal_array(50, 4, 8);
  AnalysisSettings settings;
  settings.compat = "google";
  EXPECT_EQ(of(rows, settings).compatible.size(), 3U);
  settings.compat = "nobody";
  EXPECT_NE(error(rows, settings).find("'nobody' is not known"), std::string::npos);
}

TEST_F(Analyse, RefusesWhatSoFewRowsDoNotAllowAndStopsWhenAsked) {
  const Array rows = test::normal_array(9, 4, 9);
  AnalysisSettings settings;
  settings.jackknife = 5;
  EXPECT_NE(error(rows, settings).find("9 rows do not fill 5 groups of two"), std::string::npos);
  settings.jackknife = 1;
  EXPECT_NE(error(rows, settings).find("--jackknife"), std::string::npos);
  EXPECT_NE(error(rows.slice(0, 1), {}).find("at least 2 rows"), std::string::npos);
  EXPECT_NE(error(Array::zeros({4, 0}, DType::kFloat32), {}).find("the rows are empty"), std::string::npos);
  std::atomic<int> stop = 2;
  Context context;
  context.stop = &stop;
  EXPECT_THROW(of(rows, {}, 0, false, context), Interrupted);
}

// Rows of several processes.
TEST(RowAnalysis, GoesOnWithTheMomentsOfOthers) {
  const Array rows = test::normal_array(300, 7, 10);
  RowAnalysis analysis({}, 200, 7);
  analysis.add(rows.slice(0, 200));
  FeatureMoments others(7);
  others.add(rows.slice(200, 300));
  analysis.moments().add(others);
  expect_same(analysis.finish("rows").summary, summarize(rows, false), 1e-13);
}

TEST(RequireFinite, NamesTheRowsAndGuardsNeighbours) {
  Array rows = test::normal_array(60, 8, 11);
  require_finite(rows);
  EXPECT_NO_THROW(nearest_neighbours(rows, 2));
  rows.mutable_values<double>()[7 * 8 + 2] = std::nan("");
  for (const DType type : {DType::kFloat64, DType::kFloat16}) {
    EXPECT_EQ(error_of([&] { require_finite(rows.to(type)); }),
              "row 7 (counted from 0) holds values that are not finite");
  }
  rows.mutable_values<double>()[20 * 8] = -INFINITY;
  EXPECT_THROW(nearest_neighbours(rows, 2), NumericalError);
  EXPECT_EQ(error_of([&] { require_finite(rows); }), "rows 7, 20 (counted from 0) hold values that are not finite");
}

Array times(const Array& z, double factor) {
  Array made = z.clone();
  for (double& value : made.mutable_values<double>()) value *= factor;
  return made;
}

// Powers of two change no digit: what does not depend on scale is the same to the last bit at the ends of float64.
TEST(Range, ScaleIsNotTakenForCollapse) {
  const Array z = test::normal_array(60, 5, 3), other = test::normal_array(60, 4, 4);
  const SpectrumSummary expected = summarize(z, true);
  const Neighbours near = nearest_neighbours(z, 3);
  for (const double scale : {std::ldexp(1, 700), std::ldexp(1, 1010), std::ldexp(1, -700), std::ldexp(1, -960)}) {
    const Array far = times(z, scale);
    const SpectrumSummary found = summarize(far, true);
    EXPECT_EQ(found.values, expected.values) << scale;
    EXPECT_EQ(found.mean_cosine, expected.mean_cosine) << scale;
    EXPECT_EQ(uniformity(far), uniformity(z)) << scale;
    EXPECT_EQ(alignment(far, z), 0) << scale;
    EXPECT_EQ(alignment(far, times(z, -1)), alignment(z, times(z, -1))) << scale;
    EXPECT_NEAR(linear_cka(far, other).plain, linear_cka(z, other).plain, 1e-14) << scale;
    EXPECT_NEAR(linear_cka(far, other).debiased, linear_cka(z, other).debiased, 1e-13) << scale;
    EXPECT_TRUE(test::all_close(times(nearest_neighbours(far, 3).distances, 1 / scale), near.distances, 1e-14))
        << scale;
  }
  EXPECT_EQ(alignment(Array::of({1e200, 0.}, {1, 2}), Array::of({0., 1e-200}, {1, 2})), 2);
}

TEST(Range, SquaresThatOverflowOrVanishAreAnError) {
  const Array z = test::normal_array(60, 5, 3);
  const auto summary = [&](double scale) { return error_of([&] { summarize(times(z, scale), false); }); };
  EXPECT_NE(summary(1e200).find("so large that their squares overflow"), std::string::npos) << summary(1e200);
  EXPECT_NE(summary(1e-200).find("so small that their squares vanish"), std::string::npos) << summary(1e-200);
  EXPECT_EQ(summary(1e-130), "no error");
  std::vector<double> small = summarize(z, false).values;
  for (double& value : small) value *= 1e-260;
  EXPECT_TRUE(test::all_close(summarize(times(z, 1e-130), false).values, small, 1e-9));
  EXPECT_EQ(error_of([&] { summarize(times(z, 0), false); }), "no error") << "zeros are a collapse";
  EXPECT_NE(error_of([&] { lidar(times(z, 1e200), 2); }).find("overflow"), std::string::npos);
  EXPECT_NEAR(lidar(times(z, 1e-9), 2), lidar(times(z, 1e-250), 2), 1e-9) << "delta has the most to say in both";
}

// Rows of zeros have no direction: their unit row is 0, as Wang & Isola's formula has it.
TEST(Range, UniformityOfRowsOfZeros) {
  EXPECT_EQ(uniformity(times(test::normal_array(5, 3, 1), 0)), 0);
  EXPECT_EQ(uniformity(times(test::normal_array(5, 3, 1), 0).to(DType::kFloat32)), 0);
  // Of the three pairs of 0, 0, e_1 one is at distance 0 and two are at 1; those of -e_1 with them at 1, 1 and 2.
  const Array rows = Array::of({0., 0., 1., -1.}, {4, 1});
  EXPECT_NEAR(uniformity(rows), std::log((1 + 4 * std::exp(-2) + std::exp(-8)) / 6), 1e-14);
}

TEST(LinearCka, HasNoValueWhereAllRowsAreTheSame) {
  std::vector<double> tenths(180, 0.1);  // whose mean is rounded
  const auto found = linear_cka(Array::of(std::move(tenths), {60, 3}), test::normal_array(60, 5, 3));
  EXPECT_TRUE(std::isnan(found.plain));
  EXPECT_TRUE(std::isnan(found.debiased));
}

TEST_F(Analyse, RowsBeyondFloat32HaveNoNeighboursThere) {
  AnalysisSettings settings;
  settings.neighbours = true;
  const Array z = test::normal_array(60, 5, 3);
  for (const double scale : {1e60, 1e-60}) {
    EXPECT_NE(error(times(z, scale), settings).find("see rows as float32"), std::string::npos) << scale;
    EXPECT_EQ(error(times(z, scale), {}), "no error") << scale;
  }
  EXPECT_EQ(error(times(z, 1e-20), settings), "no error");
}

// Rows of two directions about a mean of 20, whose other directions are made by rounding: six of eight are dead.
Array about_a_mean(int64_t rows, DType type) {
  Array low = test::plain_product(test::normal_array(rows, 2, 3), test::normal_array(2, 8, 4));
  for (double& value : low.mutable_values<double>()) value += 20;
  return low.to(type);
}

TEST_F(Analyse, KnowsTheRoundingOfWhatItsRowsAreMadeOf) {
  io::RowSettings mean;
  mean.pool = "mean";
  const auto pooled_of = [&](DType type) {
    const Array rows = about_a_mean(1200, type);
    io::ArrayFile file;
    Array tokens = rows.contiguous();
    file.add("tokens", Array::view(tokens.mutable_raw(), type, {400, 3, 8}, {24, 8, 1}));
    write_safetensors(folder_ / "tokens.safetensors", file);
    io::RowReader reader(folder_ / "tokens.safetensors", "", mean);
    return analyse(reader, {}, 0, false).summary;
  };
  EXPECT_EQ(hidden_at(pooled_of(DType::kFloat32), 1e-4), 0);
  const SpectrumSummary coarse = pooled_of(DType::kBFloat16), as_it_is = of(about_a_mean(400, DType::kFloat32)).summary;
  EXPECT_EQ(hidden_at(coarse, 1e-4), 6) << "a mean in float32 of numbers in bfloat16";
  EXPECT_EQ(verdict(coarse, {}).kind, Verdict::Kind::kTooCoarse);
  EXPECT_EQ(verdict(as_it_is, {}).dead, 6);
}

// Bytes whose last bits are the fractions of numbers from 1 on: which type they are of is in the header alone.
TEST_F(Analyse, KnowsTheRoundingOfNumbersOfEightBits) {
  for (const auto& [type, one, fractions, roundoff] :
       {std::tuple("F8_E4M3", 0x38U, 8U, 0x1p-4), std::tuple("F8_E5M2", 0x3CU, 4U, 0x1p-3)}) {
    std::string bytes = std::string("\x48\0\0\0\0\0\0\0{\"x\":{\"dtype\":\"", 23) + type +
                        R"(","shape":[500,4],"data_offsets":[0,2000]}})";
    bytes.resize(80, ' ');
    RandomStream random(7, Purpose::kSplit);
    while (bytes.size() < 2080) bytes += static_cast<char>(one + random.below(fractions));
    write_file(folder_ / "x.safetensors", bytes);
    io::RowReader reader(folder_ / "x.safetensors", "");
    const double floor = std::sqrt(analyse(reader, {}, 0, false).summary.floor);
    EXPECT_GT(floor, roundoff) << type;
    EXPECT_LT(floor, 2 * roundoff) << type << ": numbers of 1 to 2";
  }
}

}  // namespace
}  // namespace directclr::spectrum
