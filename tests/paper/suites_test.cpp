#include "directclr/paper/suites.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/experiment/run_plan.h"
#include "tests/experiment/made_up_results.h"
#include "tests/support/temporary_folder.h"

namespace directclr::paper {
namespace {

std::multiset<std::string> variants_of(const experiment::RunPlan& plan) {
  std::multiset<std::string> names;
  for (const auto& run : plan.runs) names.insert(run.variant);
  return names;
}

TEST(Suites, ShareRuns) {
  const auto plan =
      experiment::plan_runs(reproduction("all", "smoke").suites, experiment::scales().at("smoke"), 1, 60000);
  EXPECT_EQ(variants_of(plan),
            (std::multiset<std::string>{"mlp", "none", "linear", "direct-23", "orthogonal", "diagonal",
                                        "lowrank-fixed-23", "random-dropout-23", "direct-1", "direct-64"}));
  for (const auto& run : plan.runs) {
    EXPECT_EQ(run.train.projector.projector, run.variant.substr(0, run.variant.find_last_not_of("-0123456789") + 1));
    if (run.variant == "direct-64") {
      EXPECT_EQ(run.train.projector.d0, 64);
      EXPECT_EQ(run.evaluation.probe.dims, "0:64");
    }
  }
  int64_t images = 0;
  for (const auto& run : plan.runs) images += plan.images_trained_on(run);
  EXPECT_EQ(images, 10 * 2 * 4096);
  EXPECT_EQ(experiment::plan_runs(reproduction("table1", "smoke").suites, experiment::scales().at("smoke"), 3, 60000)
                .runs.size(),
            12u);
}

TEST(Suites, ShowsAllThatWasFoundAndHowInEveryForm) {
  const test::TemporaryFolder folder;
  const auto results = experiment::made_up();
  const auto reproduced = reproduction("all", "smoke");
  const auto shown = experiment::present(reproduced.suites, results, folder / "figures");
  const auto html = experiment::page_html(results, shown, reproduced.head);
  const auto markdown = experiment::page_markdown(results, shown, reproduced.head);
  const auto text = experiment::page_text(results, shown, reproduced.head);
  for (const auto& page : {html, markdown, text}) {
    for (const char* expected : {"Table 1", "62.7", "70.00 (one seed)", "52.00 ± 2.65 [50.00, 55.00]",
                                 "numbers mean nothing", "Failed: direct-1-s0: no space", "rank correlation",
                                 "11.67 points below all of r", "The best mean is 60.00 at d0 = 2 of 4"}) {
      EXPECT_NE(page.find(expected), std::string::npos) << expected << " is missing in\n" << page.substr(0, 3000);
    }
  }
  EXPECT_EQ(html.find("a <set>"), std::string::npos);
  for (const char* figure : {"fig2", "fig7", "fig9", "fig12"}) {
    EXPECT_NE(html.find(std::string("id=\"figure-") + figure), std::string::npos) << figure;
    EXPECT_NE(markdown.find(std::string("(figures/") + figure + ".svg)"), std::string::npos) << figure;
    EXPECT_TRUE(std::filesystem::exists(folder / "figures" / (std::string(figure) + ".svg"))) << figure;
    const std::string csv = read_file(folder / "figures" / (std::string(figure) + ".csv"));
    EXPECT_TRUE(csv.starts_with("# Figure ")) << csv.substr(0, 80);
    EXPECT_NE(csv.find("# protocol: a <set>, 100 training images"), std::string::npos) << csv.substr(0, 300);
    EXPECT_NE(csv.find("# here: "), std::string::npos) << csv.substr(0, 300);
  }
}

TEST(Suites, HaveAPictureEach) {
  const auto results = experiment::made_up();
  for (const auto& suite : suites()) {
    if (!suite.variants) continue;
    const test::TemporaryFolder folder;
    const auto shown = experiment::present({suite}, results, folder / "figures");
    if (shown.empty()) continue;  // none of its runs is there
    ASSERT_EQ(shown.size(), 1U);
    ASSERT_FALSE(shown[0].drawings.empty()) << suite.name;
    EXPECT_TRUE(std::filesystem::exists(folder / "figures" / (shown[0].drawings[0].name + ".svg"))) << suite.name;
  }
  const test::TemporaryFolder folder;
  const auto table = experiment::present({suites().at("table1")}, results, folder / "figures");
  ASSERT_EQ(table[0].drawings.size(), 1U);
  EXPECT_EQ(table[0].drawings[0].name, "table1-representation");
}

TEST(Suites, AreFoundByName) {
  EXPECT_EQ(reproduction("all", "cpu").suites.size(), suites().size() + 1) << "and the measures of collapse";
  EXPECT_EQ(reproduction("fig12", "cpu").suites[0].name, "fig12");
  for (const auto& suite : suites()) {
    EXPECT_FALSE(suite.help.empty()) << suite.name;
    EXPECT_FALSE(suite.published.empty()) << suite.name;
  }
  try {
    reproduction("table3", "cpu");
    FAIL() << "expected an error";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'table"), std::string::npos) << error.what();
  }
}

// Run directories of earlier versions are found again.
TEST(Suites, KeepTheNamesOfRuns) {
  auto table1 = reproduction("table1", "paper");
  table1.scale.train.data = "folder:imagenet";
  std::vector<std::string> names;
  for (const auto& run : experiment::plan_runs(table1.suites, table1.scale, 1, 1).runs) names.push_back(run.id);
  EXPECT_EQ(names, (std::vector<std::string>{"mlp-s0-51e4d120", "linear-s0-86cc5553", "none-s0-64b650a2",
                                             "direct-360-s0-7b4d3172"}));
}

}  // namespace
}  // namespace directclr::paper
