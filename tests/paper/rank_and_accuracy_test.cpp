#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/paper/suites.h"
#include "tests/experiment/made_up_results.h"
#include "tests/support/temporary_folder.h"

namespace directclr::paper {
namespace {

TEST(RankAndAccuracy, PutsEachVariantAtItsMeansOverSeeds) {
  const test::TemporaryFolder folder;
  auto results = experiment::made_up();
  for (auto& run : results.runs) {
    if (!run.good()) continue;
    const double rank = run.variant == "mlp" ? 12 : 20 * run.top1 + static_cast<double>(run.seed);
    run.spectra["representation"].effective_rank_sigma = rank;
  }
  const auto sections = experiment::present({suites().at("rankme")}, results, folder / "figures");
  ASSERT_EQ(sections.size(), 1u);
  const auto& rows = sections[0].tables[0].rows;
  EXPECT_EQ(rows[3], (std::vector<std::string>{"no projector", "11.4 ± 1.5", "52.00 ± 2.65 [50.00, 55.00]"}));
  EXPECT_EQ(rows[4][1], "not run");
  // Ranks 11.4 none, 12 mlp, 12.4 linear, 13 direct-2; accuracies 52, 70, 57, 60.
  EXPECT_EQ(sections[0].findings[0].find("Spearman's rank correlation of effective rank and accuracy is +0.40 over 4"),
            0u)
      << sections[0].findings[0];
  // The cross of "no projector": ranks 10, 11.2 and 13 over accuracies 50, 51 and 55.
  const double expected[][2] = {{9.9, 52}, {12.9, 52}, {11.4, NAN}, {11.4, 49.5}, {11.4, 54.5}, {11.4, NAN}};
  size_t k = 0;
  for (const auto& line : split(read_file(folder / "figures" / "rankme.csv"), '\n')) {
    const auto cells = split(line, ',');
    if (cells.size() != 4 || cells[1] != "no projector") continue;
    ASSERT_LT(k, 6u);
    EXPECT_NEAR(std::stod(cells[2]), expected[k][0], 1e-9);
    if (std::isfinite(expected[k][1])) {
      EXPECT_NEAR(std::stod(cells[3]), expected[k][1], 1e-9);
    }
    ++k;
  }
  EXPECT_EQ(k, 6u);
}

}  // namespace
}  // namespace directclr::paper
