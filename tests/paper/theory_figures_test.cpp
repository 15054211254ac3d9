#include "directclr/paper/theory_figures.h"

#include <gtest/gtest.h>

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/paper/phase.h"
#include "directclr/paper/theory_page.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr::paper {
namespace {

// A laboratory that runs in milliseconds.
theory::LaboratorySettings small(theory::LaboratorySettings settings) {
  settings.width = 4;
  settings.points = 200;
  settings.batch_size = 32;
  settings.iterations = 400;
  settings.seeds = 2;
  settings.resolve({});
  return settings;
}

TEST(Figure3, ShowsNoisedDimensionsVanishAndOnlyThen) {
  const test::TemporaryFolder folder;
  auto settings = small(figure3_defaults());
  settings.iterations = 3000;
  const FigureResult result = figure3(settings, {0, 8}, folder.path(), {});
  ASSERT_EQ(result.claims.size(), 1U);
  EXPECT_TRUE(result.claims[0].shown) << result.claims[0].evidence;
  EXPECT_NE(result.claims[0].evidence.find("k 8: 2.0"), std::string::npos) << result.claims[0].evidence;
  const std::string csv = read_file(folder / "fig3.csv");
  EXPECT_NE(csv.find("# claim: strong augmentation results in vanishing singular values -- shown"), std::string::npos);
  EXPECT_NE(csv.find("\nseries,name,x,y,low,high\n0,k = 0,0,"), std::string::npos);
  // The same claim, on weak noise, is not shown: it is computed.
  EXPECT_FALSE(figure3(settings, {0, 0.1}, folder.path(), {}).claims[0].shown);
}

TEST(Figures5And6, RefuseOtherNumbersOfLayers) {
  const test::TemporaryFolder folder;
  auto settings = small(figure56_defaults());
  settings.layers = 3;
  EXPECT_NE(test::error_of([&] { figure5(settings, folder.path(), {}); }).find("two layers"), std::string::npos);
  EXPECT_NE(test::error_of([&] { figure6(settings, folder.path(), {}); }).find("two layers"), std::string::npos);
}

TEST(Figures5And6, DrawAllTheirPictures) {
  const test::TemporaryFolder folder;
  const FigureResult alignment = figure5(small(figure56_defaults()), folder.path(), {});
  EXPECT_EQ(alignment.drawings.size(), 5U);
  EXPECT_NE(read_file(folder / "fig5-0.csv").find("\nx,y,column,row,value\n0,0,0,0,"), std::string::npos);
  const FigureResult values = figure6(small(figure56_defaults()), folder.path(), {});
  EXPECT_EQ(values.drawings.size(), 3U);
  EXPECT_EQ(values.claims.size(), 3U);
  auto other_loss = small(figure56_defaults());
  other_loss.similarity = "dot";
  other_loss.learning_rate = 0.01;
  EXPECT_EQ(figure6(other_loss, folder.path(), {}).claims.size(), 2U);  // Theorem 3 speaks of Eqn 2 alone
}

TEST(Figure11, ComparesDepths) {
  const test::TemporaryFolder folder;
  const FigureResult result = figure11(small(figure11_defaults()), {1, 3}, folder.path(), {});
  EXPECT_EQ(result.drawings.size(), 2U);
  EXPECT_EQ(result.claims.size(), 3U);
  // Values, not their logarithms, on an axis that is logarithmic once.
  EXPECT_NE(read_file(folder / "fig11a.gp").find("set logscale y"), std::string::npos);
  double previous = INFINITY;
  for (const auto& line : split(read_file(folder / "fig11a.csv"), '\n')) {
    if (!line.starts_with("0,")) continue;
    double low = 0, y = 0, high = 0;
    const auto cells = split(line, ',');
    ASSERT_TRUE(parse_double(cells.at(3), y) && parse_double(cells.at(4), low) && parse_double(cells.at(5), high));
    EXPECT_TRUE(0 < low && low <= y * (1 + 1e-12) && y <= high * (1 + 1e-12)) << line;
    EXPECT_LE(y, previous) << line;
    previous = y;
  }
}

TEST(FigureStage, ShowsThatUnseenChannelsLearnLateAndSoonerWithMoreBlocks) {
  const test::TemporaryFolder folder;
  auto settings = small(figure_stage_defaults());
  settings.iterations = 100;
  const FigureResult result = figure_stage(settings, {1, 4}, folder.path(), {});
  ASSERT_EQ(result.claims.size(), 2U);
  for (const auto& claim : result.claims) EXPECT_TRUE(claim.shown) << claim.text << ": " << claim.evidence;
  EXPECT_EQ(result.drawings.size(), 1U);
  settings.layers = 2;
  EXPECT_THROW(figure_stage(settings, {1}, folder.path(), {}), InputError);
}

TEST(PhaseDiagram, ContinuesWhereItStoppedAndEndsTheSame) {
  const test::TemporaryFolder folder;
  const PhaseGrid grid{{0, 4}, {1, 2}, {0.5, 1}, {0.1}, {2}, {32}};
  const auto settings = small(phase_defaults());
  EXPECT_EQ(grid.size(), 8U);
  const auto rows = [](const std::filesystem::path& path) {
    auto lines = split(read_file(path), '\n');
    std::sort(lines.begin(), lines.end());
    return lines;
  };
  const FigureResult whole = phase_diagram(settings, grid, folder / "whole", {});
  // Stopped after three points.
  std::atomic<int> stop = 0;
  Context context;
  context.stop = &stop;
  context.progress = [&](const Progress& p) {
    if (p.done == 3) stop = 2;
  };
  EXPECT_THROW(phase_diagram(settings, grid, folder / "parts", context), Interrupted);
  EXPECT_LT(rows(folder / "parts/phase.csv").size(), rows(folder / "whole/phase.csv").size());
  // A line that a crash cut off is done again.
  AppendFile(folder / "parts/phase.csv", std::filesystem::file_size(folder / "parts/phase.csv")).append("4,2,1,0.");
  const FigureResult resumed = phase_diagram(settings, grid, folder / "parts", {});
  EXPECT_EQ(rows(folder / "parts/phase.csv"), rows(folder / "whole/phase.csv"));
  EXPECT_EQ(resumed.to_json(), whole.to_json());
  EXPECT_EQ(whole.drawings.size(), 9U);  // three pairs of axes, three maps each

  auto other = settings;
  other.iterations = 401;
  EXPECT_NE(test::error_of([&] { phase_diagram(other, grid, folder / "whole", {}); }).find("made with other settings"),
            std::string::npos);
}

TEST(PhaseDiagram, CountsDivergedSeedsAndRefusesBadGrids) {
  const test::TemporaryFolder folder;
  auto settings = small(phase_defaults());
  settings.similarity = "dot";
  phase_diagram(settings, {{0}, {2}, {1}, {1e6}, {2}, {32}}, folder / "fast", {});
  EXPECT_NE(read_file(folder / "fast/phase.csv").find("0,2,1,1e+06,2,32,nan,nan,nan,2\n"), std::string::npos)
      << read_file(folder / "fast/phase.csv");
  EXPECT_NE(test::error_of([&] {
              phase_diagram(settings, {{}, {1}, {1}, {0.1}, {2}, {32}}, folder / "x", {});
            }).find("has no values"),
            std::string::npos);
  EXPECT_NE(test::error_of([&] {
              phase_diagram(settings, {{0, -1}, {1}, {1}, {0.1}, {2}, {32}}, folder / "x", {});
            }).find("-1"),
            std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(folder / "x"));
}

// Of one layer both count the singular values of the same map, by the same threshold.
TEST(PhaseDiagram, CountsWhatFigure3Counts) {
  const test::TemporaryFolder folder;
  auto settings = small(phase_defaults());
  settings.iterations = 3000;
  settings.layers = 1;
  const FigureResult figure = figure3(settings, {8}, folder / "fig3", {});
  EXPECT_NE(figure.claims[0].evidence.find("k 8: 2.0"), std::string::npos) << figure.claims[0].evidence;
  phase_diagram(settings, {{8}, {1}, {1}, {0.1}, {2}, {32}}, folder / "phase", {});
  const auto cells = split(split(read_file(folder / "phase/phase.csv"), '\n').at(2), ',');
  double clean = 0, noised = 0;
  ASSERT_TRUE(parse_double(cells.at(7), clean) && parse_double(cells.at(8), noised));
  EXPECT_NEAR(clean + noised, 2, 1e-9);
  EXPECT_GT(noised, 1.9) << "nearly all of what is gone was noised";
}

// A mean over the seeds that are left could turn a trend round: such cells are crossed, and no claim rests on them.
TEST(PhaseDiagram, PutsNothingThatDivergedIntoMeansOrClaims) {
  const test::TemporaryFolder folder;
  auto settings = small(phase_defaults());
  settings.similarity = "dot";
  settings.seeds = 1;
  const FigureResult result =
      phase_diagram(settings, {{0, 4}, {1, 2}, {1}, {0.001, 1e6}, {2}, {32}}, folder.path(), {});
  for (const auto& claim : result.claims) {
    EXPECT_FALSE(claim.shown) << claim.evidence;
    EXPECT_NE(claim.evidence.find("diverged"), std::string::npos) << claim.evidence;
  }
  ASSERT_EQ(result.remarks.size(), 1U);
  EXPECT_NE(result.remarks[0].find("learning rate 1e+06 (1 of 1 seeds)"), std::string::npos) << result.remarks[0];
  // k over layers averages both learning rates: no cell is complete; learning rate over k is, where it is small.
  EXPECT_EQ(read_file(folder / "phase-rank-k-layers.csv").find(",nan\n") != std::string::npos, true);
  const std::string by_rate = read_file(folder / "phase-rank-k-learning_rate.csv");
  EXPECT_EQ(by_rate.find("0,0,0,0.001,nan"), std::string::npos) << by_rate;
  EXPECT_NE(by_rate.find("0,1,0,1e+06,nan"), std::string::npos) << by_rate;
  EXPECT_NE(result.protocol.find("learning rate 0.001 and 1e+06"), std::string::npos) << result.protocol;
  EXPECT_NE(result.protocol.find("layers 1 and 2"), std::string::npos) << result.protocol;
}

TEST(TheoryPage, HoldsEveryStatementAndFigure) {
  const test::TemporaryFolder folder;
  auto checks = theory::run_checks({0, 1}, {"eqn4", "lemma5"}, {});
  checks[1].measures[0].deviation = 1;  // one that fails
  const FigureResult figure = figure11(small(figure11_defaults()), {1, 2}, folder.path(), {});
  const std::string html = theory_page(checks, {figure}, "directclr theory all --out <here>");
  for (const char* part : {"1 of 2 statements hold", "id=\"eqn4\"", "id=\"lemma5\"", "does not hold", "figure-fig11a",
                           "figure-fig11b", "--out &lt;here&gt;"}) {
    EXPECT_NE(html.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(html.find("http://") == std::string::npos || html.find("src=\"http") == std::string::npos, true);
  EXPECT_NE(html.find("The numerical checks of 1 of 2 statements failed (all of the paper's theory)."),
            std::string::npos)
      << html.substr(html.find("class=\"answer\""), 200);
  EXPECT_NE(checks_json(checks).find("\"holds\": false"), std::string::npos);
  EXPECT_NE(checks_text(checks, false).find("FAILS  lemma5"), std::string::npos);
}

TEST(TheoryPage, SaysWhichStatementsAreNotThePapers) {
  auto checks = theory::run_checks({0, 1}, {"lemma2", "threshold", "subvector"}, {});
  for (const auto& check : checks) {
    const bool says_so =
        check.title.find("not in the paper") != std::string::npos || check.title.starts_with("Beyond the paper");
    EXPECT_EQ(check.in_paper, !says_so) << check.title;
  }
  EXPECT_NE(theory_page(checks, {}, "").find("statements passed (1 of the paper's theory and 2 beyond it)."),
            std::string::npos);
}

TEST(Laboratory, PresetsYieldToWhatIsGiven) {
  theory::LaboratorySettings settings;
  settings.preset = "toy-code";
  settings.temperature = 0.5;
  settings.resolve({"preset", "temperature"});
  EXPECT_EQ(settings.similarity, "dot");
  EXPECT_EQ(settings.negatives, "other");
  EXPECT_EQ(settings.noise_sides, "two");
  EXPECT_EQ(settings.temperature, 0.5);
  EXPECT_EQ(settings.noised, 8);
  for (const auto& [change, expected] :
       std::vector<std::pair<std::function<void(theory::LaboratorySettings&)>, std::string>>{
           {[](auto& s) { s.batch_size = 1; }, "at least 2 samples"},
           {[](auto& s) { s.noised = 17; }, "17 dimensions where the data have 16"},
           {[](auto& s) { s.data_covariance = "diagonal:1"; }, "--data-covariance: 1 values"},
           {[](auto& s) { s.noise_covariance = "power:x"; }, "--noise-covariance"}}) {
    theory::LaboratorySettings bad;
    change(bad);
    const std::string error = test::error_of([&] { bad.resolve({}); });
    EXPECT_NE(error.find(expected), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace directclr::paper
