#include "directclr/paper/suite.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/paper/comparison.h"
#include "directclr/paper/run_plan.h"
#include "directclr/paper/suite_page.h"
#include "tests/support/temporary_folder.h"

namespace directclr::paper {
namespace {

Scale smoke() {
  Scale scale = scale_named("smoke");
  scale.train.resolve(scale.given);
  return scale;
}

std::multiset<std::string> variants_of(const RunPlan& plan) {
  std::multiset<std::string> names;
  for (const auto& run : plan.runs) names.insert(run.variant);
  return names;
}

TEST(RunPlan, SharesRunsBetweenSuites) {
  const auto plan = plan_runs(all_suites(), smoke(), 1, 4096);
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
  EXPECT_EQ(plan_runs(suites_named("table1"), smoke(), 3, 4096).runs.size(), 12u);
}

TEST(RunPlan, IsCarriedOutInParts) {
  const auto plan = plan_runs(suites_named("table1"), smoke(), 3, 4096);
  const auto names = [&](const std::vector<std::string>& patterns) {
    std::multiset<std::string> found;
    for (const auto& run : runs_matching(plan, patterns)) found.insert(run.id.substr(0, run.id.rfind('-')));
    return found;
  };
  EXPECT_EQ(names({}).size(), 12u);
  EXPECT_EQ(names({"mlp-*"}), (std::multiset<std::string>{"mlp-s0", "mlp-s1", "mlp-s2"}));
  EXPECT_EQ(names({"none-s2-*", "*-s2-*", "linear-s?-*"}),
            (std::multiset<std::string>{"none-s2", "linear-s0", "linear-s1", "linear-s2", "direct-23-s2", "mlp-s2"}))
      << "each once";
  EXPECT_THROW(runs_matching(plan, {"mlp-*", "mpl-*"}), InputError);
}

TEST(RunPlan, NamesARunByWhatItComputes) {
  const auto ids = [](const Scale& scale) {
    std::set<std::string> names;
    for (const auto& run : plan_runs(all_suites(), scale, 2, 4096).runs) names.insert(run.id);
    return names;
  };
  const Scale scale = smoke();
  EXPECT_EQ(ids(scale).size(), 20u) << "no two alike";
  Scale other = scale;
  other.train.threads += 3;
  other.train.log_every += 1;
  EXPECT_EQ(ids(other), ids(scale)) << "how a run is carried out does not make it another";
  other = scale;
  other.train.loss.tau = 0.2;
  std::set<std::string> common;
  const auto a = ids(other), b = ids(scale);
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::inserter(common, common.end()));
  EXPECT_TRUE(common.empty());
}

// Three seeds of the variants of Table 1, and one failed run.
SuiteResults made_up() {
  SuiteResults results;
  results.scale = "smoke";
  results.data = "a <set>";
  results.images = 100;
  results.test_images = 50;
  results.widths = {4, 2, {1, 2, 4}};
  results.made_by = "directclr reproduce all";
  results.version = "1";
  results.machine = {{"processor", "a processor"}};
  results.settings = {{"epochs", "2"}, {"tau", "0.1"}};
  results.evaluation = {{"cached", "true"}, {"feature_limit", "0"}};
  const auto add = [&](const std::string& variant, int64_t seed, double top1, std::vector<double> values) {
    RunRecord run;
    run.variant = variant;
    run.seed = seed;
    run.id = variant + "-s" + std::to_string(seed);
    run.top1 = top1;
    run.knn = top1 / 2;
    run.columns_top1 = {{"0:2", top1 - 0.1}};
    report::SpectrumResult s;
    s.values = std::move(values);
    s.below_1e_4 = std::count_if(s.values.begin(), s.values.end(), [&](double v) { return v < 1e-4 * s.values[0]; });
    s.effective_rank_lambda = 2.5;
    s.samples = 50;
    s.split = "test";
    run.spectra = {{"representation", s}, {"embedding", s}};
    results.runs.push_back(std::move(run));
  };
  for (int64_t seed = 0; seed < 3; ++seed) {
    const double shift = 0.01 * static_cast<double>(seed);
    add("none", seed, 0.50 + shift, {4, 2, 1e-5, 1e-6});
    add("linear", seed, 0.55 + shift, {4, 2, 1, 1e-6});
    add("direct-2", seed, 0.56 + 2 * shift, {4, 3, 2, 1});
  }
  add("mlp", 0, 0.7, {4, 3, 2, 2});
  RunRecord failed;
  failed.variant = "direct-1";
  failed.id = "direct-1-s0";
  failed.problem = "no space";
  results.runs.push_back(failed);
  return results;
}

TEST(Comparison, LeavesEmptyWhatRunsWereNotMeasuredBy) {
  auto results = made_up();
  for (auto& run : results.runs) {
    if (run.variant == "linear" || run.seed == 0) run.spectra.clear();
  }
  EXPECT_EQ(cell(results, "linear", dead_directions, 1), "–");
  EXPECT_EQ(cell(results, "none", dead_directions, 1), "2.0 ± 0.0") << "of the other seeds";
}

TEST(Comparison, SaysMeansSpreadAndPairedDifferences) {
  const auto results = made_up();
  EXPECT_EQ(cell(results, "mlp", probe_top1, 1), "70.0 (one seed)");
  EXPECT_EQ(cell(results, "none", probe_top1, 1), "51.0 ± 1.0");
  EXPECT_EQ(cell_with_interval(results, "none", probe_top1, 1), "51.0 ± 1.0 [50.0, 52.0]");
  EXPECT_EQ(cell_with_interval(results, "mlp", probe_top1, 1), "70.0 (one seed)");
  EXPECT_EQ(cell(results, "direct-1", probe_top1, 1), "failed");
  EXPECT_EQ(cell(results, "orthogonal", probe_top1, 1), "not run");
  const auto differences = paired(results, "direct-2", "none", probe_top1);
  ASSERT_EQ(differences.size(), 3u);
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(differences[i], 6.0 + static_cast<double>(i), 1e-12);
  // Mean 7, sd 1, n 3: t = 12.1, 2 degrees of freedom: 0.9966.
  EXPECT_EQ(ordering(results, {direct(2), 62.7}, {no_projector(), 51.5}),
            "P(DirectCLR (d0 = 2) > no projector) > 0.99: +7.00 points on average over 3 seeds; the paper: 62.7 and "
            "51.5.");
  EXPECT_EQ(ordering(results, {mlp(), 66.5}, {no_projector(), 51.5}),
            "P(2-layer MLP > no projector): unknown from one seed: +20.00 points on average over one seed; the paper: "
            "66.5 and 51.5.");
  EXPECT_EQ(comparison(results, no_projector(), linear(), dead_directions, "dead directions"),
            "P(no projector has more dead directions than linear) > 0.99: 2.0 against 1.0, mean of 3 seeds.");
}

TEST(Comparison, PutsEachNumberUnderItsHeading) {
  const auto table = accuracy_table(made_up(), {{direct(2), 62.7}, {no_projector(), 51.5}}, "");
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0], (std::vector<std::string>{"projector", "probe, top-1 %", "the paper's", "seeds",
                                                     "minus none", "P(better than none)", "k-NN, top-1 %",
                                                     "effective rank of r", "dead directions of r"}));
  // 12.1 standard errors above 0 with two degrees of freedom: 0.9966.
  EXPECT_EQ(table.rows[1],
            (std::vector<std::string>{"DirectCLR (d0 = 2)", "58.00 ± 2.00 [56.00, 60.00]", "62.7", "3", "+7.00 ± 1.00",
                                      "> 0.99", "29.00 ± 1.00", "2.5 ± 0.0", "0.0 ± 0.0"}));
  EXPECT_EQ(table.rows[2], (std::vector<std::string>{"no projector", "51.00 ± 1.00 [50.00, 52.00]", "51.5", "3", "–",
                                                     "–", "25.50 ± 0.50", "2.5 ± 0.0", "2.0 ± 0.0"}));
}

TEST(SuitePage, ShowsAllThatWasFoundAndHowInEveryForm) {
  const test::TemporaryFolder folder;
  const auto results = made_up();
  std::vector<SuiteResult> shown;
  for (const auto* suite : all_suites()) shown.push_back(suite->present(results, folder / "figures"));
  shown.push_back(collapse_measures(results));
  const auto html = suites_html(results, shown);
  const auto markdown = suites_markdown(results, shown);
  const auto text = suites_text(results, shown);
  for (const auto& page : {html, markdown, text}) {
    for (const char* expected : {"Table 1", "62.7", "70.00 (one seed)", "51.00 ± 1.00 [50.00, 52.00]",
                                 "numbers mean nothing", "Failed: direct-1-s0: no space", "rank correlation",
                                 "10.00 points below all of r", "The best mean is 58.00 at d0 = 2 of 4"}) {
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

TEST(SuiteResults, ComeBackFromTheirFile) {
  const test::TemporaryFolder folder;
  const auto results = made_up();
  write_file(folder / "results.json", results.to_json());
  const auto again = SuiteResults::read(folder / "results.json");
  EXPECT_EQ(again.to_json(), results.to_json());
  EXPECT_EQ(again.of("none").size(), 3u);
  EXPECT_EQ(again.of("none")[0]->spectra.at("representation").below_1e_4, 2);
  EXPECT_EQ(again.of("direct-1")[0]->problem, "no space");
  write_file(folder / "bad.json", "{\"version\": 1}");
  EXPECT_THROW(SuiteResults::read(folder / "bad.json"), InputError);
  write_file(folder / "future.json", "{\"version\": 99}");
  EXPECT_THROW(SuiteResults::read(folder / "future.json"), InputError);
  EXPECT_THROW(SuiteResults::read(folder / "none.json"), InputError);
}

TEST(SuiteResults, AreMadeInParts) {
  const auto whole = made_up();
  SuiteResults first = whole, second = whole;
  std::erase_if(first.runs, [](const auto& run) { return run.seed == 1; });
  std::erase_if(second.runs, [](const auto& run) { return run.seed != 1; });
  second.made_by = "elsewhere";
  SuiteResults both = first;
  both.add(second);
  EXPECT_EQ(both.runs.size(), whole.runs.size());
  EXPECT_EQ(both.of("none").size(), 3u);
  EXPECT_EQ(both.of("none")[1]->top1, whole.of("none")[1]->top1);
  EXPECT_EQ(both.made_by, whole.made_by + "; elsewhere");
  EXPECT_EQ(both.machine, whole.machine) << "said once where it is the same";
  SuiteResults third = second;
  third.machine["processor"] = "another";
  for (auto& run : third.runs) run.seed = 2;
  std::erase_if(both.runs, [](const auto& run) { return run.seed == 2; });
  both.add(third);
  third.runs.clear();
  both.add(third);
  EXPECT_EQ(both.machine["processor"], whole.machine.at("processor") + "; another");
  EXPECT_EQ(both.made_by, whole.made_by + "; elsewhere");
  const auto refused = [&](const SuiteResults& other) {
    try {
      SuiteResults copy = first;
      copy.add(other);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(refused(first).find("has a result in two files"), std::string::npos) << refused(first);
  SuiteResults other = second;
  other.settings["epochs"] = "77";
  EXPECT_NE(refused(other).find("epochs is"), std::string::npos) << refused(other);
  other = second;
  other.images += 1;
  EXPECT_NE(refused(other).find("training images is 100 in one and 101 in another"), std::string::npos)
      << refused(other);
  // What failed in one part is taken from the other.
  SuiteResults failed = whole;
  for (auto& run : failed.runs) run.problem = kNotRun;
  failed.add(first);
  EXPECT_EQ(failed.of("none")[0]->top1, whole.of("none")[0]->top1);
  EXPECT_FALSE(failed.of("none")[1]->good());
}

TEST(Suites, AreFoundByName) {
  EXPECT_EQ(suites_named("all").size(), 7u);
  EXPECT_EQ(suites_named("fig12")[0]->name, "fig12");
  EXPECT_THROW(suites_named("table3"), InputError);
}

}  // namespace
}  // namespace directclr::paper
