#include "directclr/experiment/comparison.h"

#include <gtest/gtest.h>

#include "directclr/core/files.h"
#include "directclr/experiment/comparison_views.h"
#include "directclr/experiment/suite_answer.h"
#include "tests/experiment/made_up_results.h"
#include "tests/support/temporary_folder.h"

namespace directclr::experiment {
namespace {

const Variant kNone{"none", "no projector", {}, "", "none"}, kLinear{"linear", "linear", {}, "", "none"},
    kDirect{"direct-2", "DirectCLR (d0 = 2)", {}, "", "none"}, kMlp{"mlp", "2-layer MLP", {}, "", "none"};

TEST(Comparison, LeavesEmptyWhatRunsWereNotMeasuredBy) {
  auto results = made_up();
  for (auto& run : results.runs) {
    if (run.variant == "linear" || run.seed == 0) run.spectra.clear();
  }
  EXPECT_EQ(cell(results, "linear", dead_directions, 1), "–");
  EXPECT_EQ(cell(results, "none", dead_directions, 1), "1.5 ± 0.7") << "of the other seeds";
}

// Rounding hides on which side of the line the last two of (4, 2, 1e-5, 1e-6) lie.
TEST(Comparison, LeavesOutCountsThatRoundingHides) {
  auto results = made_up();
  results.runs[0].spectra["representation"].floor = 1e-3;
  EXPECT_EQ(results.runs[0].variant, "none");
  const test::TemporaryFolder folder;
  write_file(folder / "results.json", results.to_json());
  EXPECT_EQ(values_of(Results::read(folder / "results.json"), "none", dead_directions).size(), 2U);
}

TEST(Comparison, SaysMeansSpreadAndPairedDifferences) {
  const auto results = made_up();
  EXPECT_EQ(cell(results, "mlp", probe_top1, 1), "70.0 (one seed)");
  EXPECT_EQ(cell(results, "none", probe_top1, 1), "52.0 ± 2.6");
  EXPECT_EQ(cell_with_interval(results, "none", probe_top1, 1), "52.0 ± 2.6 [50.0, 55.0]");
  EXPECT_EQ(cell_with_interval(results, "mlp", probe_top1, 1), "70.0 (one seed)");
  EXPECT_EQ(cell(results, "direct-1", probe_top1, 1), "failed");
  EXPECT_EQ(cell(results, "orthogonal", probe_top1, 1), "not run");
  const auto differences = paired(results, "direct-2", "none", probe_top1);
  ASSERT_EQ(differences.size(), 3u);
  const double expected[] = {6, 7, 11};
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(differences[i], expected[i], 1e-12);
  // Mean 8, sd 2.65, n 3: t = 5.24, 2 degrees of freedom: 0.983.
  EXPECT_EQ(ordering(results, {kDirect, 62.7}, {kNone, 51.5}),
            "P(DirectCLR (d0 = 2) > no projector) = 0.98: +8.00 points on average over 3 seeds; the paper: 62.7 and "
            "51.5.");
  EXPECT_EQ(ordering(results, {kMlp, 66.5}, {kNone, 51.5}),
            "P(2-layer MLP > no projector): unknown from one seed: +20.00 points on average over one seed; the paper: "
            "66.5 and 51.5.");
  EXPECT_EQ(comparison(results, kNone, kLinear, dead_directions, "dead directions"),
            "P(no projector has more dead directions than linear) = 0.89: 1.7 against 0.7, mean of 3 seeds.");
}

TEST(Comparison, SaysNoProbabilityOfFewerThanThreeSeeds) {
  EXPECT_EQ(probability_text({-2.001, -2}), "–") << "Student's t alone would have it at 0.0001";
  EXPECT_EQ(probability_text({2}), "–");
  EXPECT_EQ(probability_text({-2.001, -2, -2}), "< 0.01");
  auto results = made_up();
  for (auto& run : results.runs) {
    if (run.seed == 0) run.top1 = NAN;
  }
  EXPECT_TRUE(
      ordering(results, {kDirect}, {kNone}).starts_with("P(DirectCLR (d0 = 2) > no projector): unknown from 2 seeds: "))
      << ordering(results, {kDirect}, {kNone});
}

TEST(Comparison, PutsEachNumberUnderItsHeading) {
  const auto table = accuracy_table(made_up(), {{kDirect, 62.7}, {kNone, 51.5}});
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"projector", "probe, top-1 %", "the paper's", "seeds",
                                                     "minus none", "P(better than none)", "k-NN, top-1 %",
                                                     "effective rank of r", "dead directions of r"}));
  EXPECT_EQ(table.rows[1],
            (std::vector<std::string>{"DirectCLR (d0 = 2)", "60.00 ± 5.29 [56.00, 66.00]", "62.7", "3", "+8.00 ± 2.65",
                                      "0.98", "36.19 ± 6.49", "2.7 ± 0.3", "0.0 ± 0.0"}));
  EXPECT_EQ(table.rows[2], (std::vector<std::string>{"no projector", "52.00 ± 2.65 [50.00, 55.00]", "51.5", "3", "–",
                                                     "–", "27.09 ± 2.79", "1.7 ± 0.3", "1.7 ± 0.6"}));
}

TEST(Comparison, LeavesOutThePublishedColumnWhereNoRowHasANumber) {
  const auto table = accuracy_table(made_up(), {{kDirect}, {kNone}}, {"", "variant", "no projector"});
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"variant", "probe, top-1 %", "seeds", "minus no projector",
                                                     "P(better than no projector)", "k-NN, top-1 %",
                                                     "effective rank of r", "dead directions of r"}));
  EXPECT_EQ(table.rows[1][3], "+8.00 ± 2.65");
  EXPECT_EQ(ordering(made_up(), {kDirect}, {kNone}),
            "P(DirectCLR (d0 = 2) > no projector) = 0.98: +8.00 points on average over 3 seeds, 95 % interval [+6.00, "
            "+11.00].");
}

TEST(Comparison, DrawsTheGeometricMeanOfSpectraAndTheArithmeticOneOfAccuracies) {
  const auto spectra = spectra_figure(made_up(), {kNone, kMlp, {"absent", "", {}}}, "embedding", "");
  ASSERT_EQ(spectra.series.size(), 4u) << "and where their directions are dead";
  EXPECT_NEAR(spectra.series[0].y[0], 40, 1e-9) << "of 4, 40 and 400";
  EXPECT_EQ(spectra.series[0].low[0], 4);
  EXPECT_EQ(spectra.series[0].high[0], 400);
  EXPECT_TRUE(spectra.series[1].low.empty()) << "one seed has no range";
  const auto curve = accuracy_curve(made_up(), "", {{1, "none"}, {2, "absent"}, {3, "direct-2"}});
  EXPECT_EQ(curve.x, (std::vector<double>{1, 3}));
  EXPECT_NEAR(curve.y[0], 52, 1e-9) << "of 50, 51 and 55";
  EXPECT_NEAR(curve.low[1], 56, 1e-9);
  EXPECT_NEAR(curve.high[1], 66, 1e-9);
}

// The made-up results of some variants, at a scale whose numbers count.
Results only(const std::vector<std::string>& variants, size_t seeds) {
  Results results = made_up();
  results.scale = "cpu";
  std::erase_if(results.runs, [&](const RunRecord& run) {
    return std::find(variants.begin(), variants.end(), run.variant) == variants.end() ||
           run.seed >= static_cast<int64_t>(seeds);
  });
  return results;
}

std::string said(const report::Answer& answer, const std::string& question) {
  for (const auto& [asked, said] : answer.questions) {
    if (asked == question) return said;
  }
  return "not asked";
}

TEST(SuiteAnswer, SaysWhatMayBeChance) {
  // 56 and 58 against 50 and 51; 0 and 0 dead against 2 and 1.
  const auto two = suite_answer(only({"none", "direct-2"}, 2));
  EXPECT_EQ(
      two.sentence,
      "Of 2 ways to train, direct-2 has the highest accuracy, 57.0 % against 50.5 % with none, which may be chance "
      "with 2 seeds; none has the most dead directions (1.5 of 4).");
  EXPECT_EQ(said(two, "Is the first better by more than chance?"),
            "Direct-2 has 6.5 points more than none, the next best: that may be chance with 2 seeds.");
  EXPECT_EQ(
      said(two, report::kDoesItHurt),
      "Not known: that takes 5 ways to train, and here are 2. Direct-2 has 57.0 % and 0 of 4 directions dead; none "
      "50.5 % and 1.5 of 4 directions dead.")
      << "a mean that is no whole number is not rounded to an even one";
  ASSERT_EQ(two.advice.size(), 1u);
  EXPECT_NE(two.advice[0].find("run more seeds"), std::string::npos);
  const auto three = suite_answer(only({"none", "direct-2"}, 3));
  EXPECT_TRUE(three.sentence.starts_with("Of 2 ways to train, direct-2 classifies best (60.0 %);")) << three.sentence;
  const auto one = suite_answer(only({"none"}, 3));
  EXPECT_EQ(one.sentence, "With none 52.0 % of the test images are classified correctly.");
  EXPECT_EQ(said(one, report::kDoesItHurt),
            "Not known: that takes 5 ways to train, and here are 1. None has 52.0 % and 1.7 of 4 directions dead.");
}

TEST(SuiteAnswer, ConcludesNothingFromATrialOfTheMachinery) {
  const auto results = made_up();  // at the scale "smoke"
  const auto answer = suite_answer(results);
  EXPECT_EQ(
      answer.sentence,
      "A trial of the machinery: 10 of 11 runs have finished. At the scale \"smoke\" the numbers below mean nothing.");
  EXPECT_EQ(answer.number, "10 of 11");
  EXPECT_EQ(answer.mood, "bad");
  EXPECT_TRUE(answer.questions.empty());
  for (const auto& advice : answer.advice) EXPECT_EQ(advice.find("seeds"), std::string::npos) << advice;
}

}  // namespace
}  // namespace directclr::experiment
