#include "directclr/report/advice.h"

#include <gtest/gtest.h>

#include <set>

#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/data/augment_operations.h"
#include "directclr/report/plain_words.h"
#include "directclr/report/trend.h"
#include "directclr/settings/train_settings.h"
#include "directclr/spectrum/metrics.h"
#include "tests/support/folders.h"

namespace directclr::report {
namespace {

using Kind = spectrum::Verdict::Kind;

// Of these eigenvalues of so many rows.
SpectrumResult result_of(std::vector<double> values, int64_t samples = 1000, double mean_cosine = 0) {
  spectrum::SpectrumSummary s;
  s.values = std::move(values);
  s.samples = samples;
  s.mean_cosine = mean_cosine;
  s.effective_rank_lambda = 2.5;
  return spectrum_result(s, {}, Json::object());
}

const std::vector<double> kHealthyValues = {4, 3, 2, 1}, kDeadValues = {4, 3, 1e-6, 1e-7};

ExplanationResult with_attribution(double crop_alone, double without_crop, double without_hue) {
  ExplanationResult e;
  e.conclusion.confidence = "high";
  e.x.negative_for_certain = 3;
  e.attribution = {{"as trained", 0, 1.2},
                   {"crop alone", 0, crop_alone},
                   {"hue alone", 0, 0.3},
                   {"without crop", 0, without_crop},
                   {"without hue", 0, without_hue}};
  return e;
}

using Names = std::set<std::string>;

std::set<std::string> speaking(const Evidence& e) {
  std::set<std::string> names;
  for (const auto& rule : advice_rules()) {
    if (!rule.text(e).empty()) names.insert(rule.name);
  }
  return names;
}

TEST(Advice, IsSilentWhereNothingIsKnown) {
  EXPECT_TRUE(advise({}).empty());
  const auto healthy = result_of(kHealthyValues);
  EXPECT_TRUE(advise({.spectrum = &healthy}).empty());
  const auto dead = result_of(kDeadValues);
  EXPECT_EQ(speaking({.spectrum = &dead}), Names{"find-cause"}) << "the rows of a file say nothing of what made them";
  const auto same = result_of({0, 0, 0, 0});
  EXPECT_EQ(speaking({.spectrum = &same, .projector = "mlp", .top1 = 0.5}), Names{});
}

TEST(Advice, OfAFileIsAboutItsRows) {
  const auto few = result_of(kHealthyValues, 5);
  EXPECT_EQ(speaking({.spectrum = &few}), Names{"more-rows"});
  EXPECT_EQ(advise({.spectrum = &few})[0], "Measure again with at least 8 rows.");
  auto same = result_of({0, 0, 0, 0});
  same.floor = 1e-32;
  EXPECT_EQ(speaking({.spectrum = &same}), Names{"look-at-input"}) << "finer numbers would be as equal";
  const auto one_way = result_of(kHealthyValues, 1000, 0.9999);
  EXPECT_EQ(speaking({.spectrum = &one_way}), Names{"subtract-mean"});
  auto coarse = result_of(kHealthyValues);
  coarse.floor = 2;
  const auto advice_for = [&](const char* type) {
    coarse.protocol = {{"read", {{"dtype", type}}}};
    EXPECT_EQ(speaking({.spectrum = &coarse}), Names{"finer-numbers"});
    return advise({.spectrum = &coarse})[0];
  };
  EXPECT_EQ(advice_for("float16"), "Save the rows as float32: the rounding of float16 hides small directions.");
  EXPECT_TRUE(advice_for("bfloat16").starts_with("Save the rows as float32:"));
  EXPECT_TRUE(advice_for("float32").starts_with("Compute and save the rows as float64, or subtract their mean before"));
  EXPECT_TRUE(advice_for("float64").starts_with("Subtract the mean of the rows before they are rounded:"));
  coarse.floor = 0.5;
  EXPECT_EQ(speaking({.spectrum = &coarse}), Names{}) << "all directions lie above it";
}

// Of several files those that have collapsed are advised as one alone is.
TEST(Advice, OfSeveralFilesNamesThoseThatItIsFor) {
  const auto dead = result_of(kDeadValues), few = result_of(kHealthyValues, 5);
  const auto all = advise_all({{"a", {.spectrum = &dead}}, {"b", {.spectrum = &few}}, {"c", {.spectrum = &dead}}});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].starts_with("\"b\": Measure again")) << all[0];
  EXPECT_EQ(all[1], "\"a\", \"c\": " + advise({.spectrum = &dead}).at(0));
  EXPECT_NE(all[1].find("directclr explain RUN"), std::string::npos);
}

TEST(Advice, OfARunIsAboutItsProjector) {
  const auto healthy = result_of(kHealthyValues), dead = result_of(kDeadValues);
  const auto run = [](const SpectrumResult& r, const SpectrumResult& z, const char* projector) {
    return Evidence{.spectrum = &r, .embedding = &z, .projector = projector, .top1 = 0.5};
  };
  EXPECT_EQ(speaking(run(dead, dead, "none")), Names{"add-projector"});
  EXPECT_EQ(speaking(run(dead, healthy, "mlp")), Names{"explain"});
  EXPECT_EQ(speaking(run(healthy, dead, "mlp")), Names{"use-r"});
  EXPECT_EQ(speaking(run(healthy, healthy, "none")), Names{});
  EXPECT_EQ(speaking({.spectrum = &healthy, .projector = "mlp"}), Names{"measure-accuracy"});
}

// What runs that differ in the projector alone show goes before what is known in general.
TEST(Advice, OfAProjectorIsWhatTheRunsBesideShow) {
  const auto dead = result_of(kDeadValues), healthy = result_of(kHealthyValues),
             worse = result_of({4, 1e-6, 1e-7, 1e-8});
  Evidence e{.spectrum = &dead, .projector = "none", .top1 = 0.75};
  const auto advice = [&] { return advise(e).at(0); };
  EXPECT_TRUE(advice().starts_with("Train with a projector (`--projector linear` or `mlp`)")) << advice();

  e.peers = {{"mlp", "mlp", &healthy, 0.8}};
  EXPECT_EQ(
      advice(),
      "Train with a projector (`--projector mlp`): without one 2 of 4 directions are dead (linear probe 75.0 %), with "
      "mlp 0 (80.0 %), one run each.");
  e.peers = {{"with", "mlp", &worse, 0.7}};
  EXPECT_EQ(
      advice(),
      "Do not count on a projector: here it keeps no more directions alive: without one 2 of 4 directions are dead "
      "(linear probe 75.0 %), with mlp (run with) 3 (70.0 %), one run each.");
  EXPECT_EQ(speaking(e), (Names{"add-projector", "explain"})) << "the cause is another one";
  e.peers = {{"mlp", "mlp", &dead, 0.8}};
  EXPECT_TRUE(advice().starts_with(
      "Do not count on a projector: here it keeps no more directions alive, though accuracy gains:"))
      << advice();
  e.peers = {{"direct", "direct", &healthy, 0.7}};
  EXPECT_TRUE(advice().starts_with("Weigh a projector: it keeps directions alive here, but at the cost of accuracy:"))
      << advice();
  EXPECT_EQ(speaking(e), Names{"add-projector"});
  e.peers = {{"later", "mlp", nullptr, {}}};
  EXPECT_TRUE(advice().starts_with("Measure later (`directclr spectrum RUN`)")) << advice();
  e.peers = {{"mlp", "mlp", &healthy, 0.8}, {"later", "linear", nullptr, {}}};
  EXPECT_TRUE(advice().ends_with("one run each. Of later it is not known in the same way.")) << advice();
  e.peers = {{"again", "none", &healthy, 0.8}};
  EXPECT_TRUE(advice().starts_with("Train with a projector (`--projector linear` or `mlp`)"))
      << "it has no projector either";
  // A run that is well, or has a projector, is told nothing of it.
  e = {.spectrum = &healthy, .projector = "none", .top1 = 0.5, .peers = {{"mlp", "mlp", &healthy, 0.8}}};
  EXPECT_EQ(speaking(e), Names{});
}

// The commands that look at a network refuse that of a run that has not ended.
TEST(Advice, OfARunThatHasNotEndedIsToFinishIt) {
  const auto dead = result_of(kDeadValues);
  Evidence e{.projector = "mlp", .unfinished = "has stopped at epoch 1.5 of 4, step 60", .resume = "directclr go on"};
  EXPECT_EQ(advise(e),
            (std::vector<std::string>{"It has stopped at epoch 1.5 of 4, step 60: go on with `directclr go on`."}));
  e.spectrum = &dead;
  EXPECT_EQ(speaking(e), Names{"finish"});
  e.unfinished = "is at epoch 1.5 of 4, step 60";
  e.resume = "";
  EXPECT_TRUE(advise(e).at(0).starts_with("It is at epoch 1.5 of 4, step 60: wait for its end.")) << advise(e).at(0);
  EXPECT_TRUE(advise_all({{"a", e}, {"b", {.projector = "mlp", .top1 = 0.5}}}).at(0).starts_with("\"a\": It is at"));
}

TEST(Advice, MeasuresTheOperationsWhereNobodyHas) {
  ExplanationResult e = with_attribution(1.0, 0.5, 1.1);
  EXPECT_EQ(speaking({.explanation = &e}), Names{"weaken-augmentation"});
  e.attribution.clear();
  EXPECT_EQ(speaking({.explanation = &e}), Names{"measure-operations"});
  e.protocol = {{"run", "my runs/a"}};
  EXPECT_TRUE(advise({.explanation = &e})
                  .at(0)
                  .ends_with("the same `directclr explain 'my runs/a'` without `--no-attribution` does that."));
  e.x.negative_for_certain = 0;
  EXPECT_EQ(speaking({.explanation = &e}), Names{}) << "there is nothing to attribute";
}

TEST(Advice, OfSeveralRunsIsSaidOnce) {
  const auto dead = result_of(kDeadValues), healthy = result_of(kHealthyValues);
  const Fall first{100, 50, 30, true}, second{200, 40, 20, false};
  const auto run = [](const SpectrumResult& r, std::optional<Fall> fall) {
    return Evidence{.spectrum = &r, .projector = "mlp", .fall = std::move(fall), .top1 = 0.5};
  };
  const auto all = advise_all({{"a", run(dead, first)}, {"b", run(dead, second)}, {"c", run(dead, {})}});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].starts_with("All: Run `directclr explain RUN`")) << all[0];
  EXPECT_TRUE(all[1].starts_with("\"a\", \"b\": Train with `--keep-best rank_r`: it keeps")) << all[1];
  // Of one run it is what is said of that run.
  const auto one = advise_all({{"a", run(healthy, first)}, {"b", run(healthy, {})}});
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0], "\"a\": " + advise(run(healthy, first)).at(0));
  EXPECT_EQ(advise_all({{"a", run(healthy, first)}}).at(0), one[0]);
  // Nobody has measured these, and the words for both are one.
  EXPECT_EQ(advise_all({{"a", {.projector = "mlp", .top1 = 0.5}}, {"b", {.projector = "none", .top1 = 0.5}}}),
            (std::vector<std::string>{"All: Measure them: `directclr spectrum RUN` (RUN: the folder of the run)."}));
  EXPECT_TRUE(advise_all({}).empty());
}

TEST(Advice, NamesAnOperationOnlyWhereItDoesMost) {
  const auto most = with_attribution(1.0, 0.5, 1.1);
  EXPECT_EQ(main_operation(most), "crop");
  ASSERT_EQ(speaking({.explanation = &most}), Names{"weaken-augmentation"});
  EXPECT_NE(advise({.explanation = &most})[0].find("a larger `--crop-scale-min`"), std::string::npos);
  EXPECT_NE(advise({.explanation = &most, .setting = [](const std::string& name) { return name + "!"; }})[0].find(
                "(now crop_scale_min!)"),
            std::string::npos);
  // Alone less than half; another one is missed more; nothing loses to the augmentation; nobody can tell.
  EXPECT_EQ(main_operation(with_attribution(0.5, 0.5, 1.1)), "");
  EXPECT_EQ(main_operation(with_attribution(1.0, 0.9, 0.4)), "");
  auto other = most;
  other.x.negative_for_certain = 0;
  EXPECT_EQ(speaking({.explanation = &other}), Names{});
  other = most;
  other.conclusion.confidence = "none";
  EXPECT_EQ(speaking({.explanation = &other}), Names{});
  // A run that has been explained is not sent to be explained.
  const auto dead = result_of(kDeadValues);
  EXPECT_FALSE(speaking({.spectrum = &dead, .explanation = &most, .projector = "mlp"}).contains("explain"));
}

// Every option that is named is one, and every operation has one.
TEST(Advice, KnowsEveryOperationByItsOption) {
  settings::TrainSettings settings;
  FieldList fields = fields_of(settings);
  for (const auto& operation : data::augment_operations()) {
    const std::string text = weaker(std::string(operation.name));
    const size_t at = text.find("--");
    ASSERT_NE(at, std::string::npos) << operation.name;
    const std::string option = text.substr(at, text.find_first_of(" `", at) - at);
    bool found = false;
    for (const auto& field : fields.fields()) found = found || field.option() == option;
    EXPECT_TRUE(found) << option;
  }
  EXPECT_EQ(weaker("mixup"), "");
}

// "Train with a projector": what the runs of docs/results.json say of it.
TEST(Advice, OfAProjectorIsWhatRunsShow) {
  const Json results = Json::parse(read_file(test::tests_folder() / "../docs/results.json"));
  const auto mean = [&](const std::string& variant, const auto& value) {
    double sum = 0;
    int count = 0;
    for (const auto& run : results.at("runs")) {
      if (run.at("variant").template get<std::string>() != variant || run.contains("problem")) continue;
      sum += value(run);
      ++count;
    }
    EXPECT_GE(count, 3) << variant;
    return sum / count;
  };
  const auto top1 = [](const Json& run) { return run.at("top1").get<double>(); };
  const auto dead = [](const Json& run) {
    const auto values = run.at("spectra").at("representation").at("values").get<std::vector<double>>();
    return static_cast<double>(spectrum::count_below(values, 1e-4));
  };
  const auto dying = result_of(kDeadValues);
  const std::string advice = advise({.spectrum = &dying, .projector = "none", .top1 = 0.5}).at(0);
  for (const std::string projector : {"linear", "mlp"}) {
    EXPECT_NE(advice.find(projector), std::string::npos);
    EXPECT_GT(mean(projector, top1), mean("none", top1)) << projector;
    EXPECT_LT(mean(projector, dead), mean("none", dead)) << projector;
  }
}

TEST(Advice, RulesStandInTheDocumentation) {
  const std::string text = read_file(test::tests_folder() / "../docs/pages.md");
  for (const auto& rule : advice_rules()) {
    EXPECT_NE(text.find("| `" + rule.name + "` | " + rule.help + " |"), std::string::npos) << rule.name;
  }
}

TEST(Trend, SeesARankThatFallsAndOneThatDoesNot) {
  const Course falling{{10, 20, 30, 40, 50}, {5, 40, 50, 45, 39}};
  const auto fall = fall_of(falling);
  ASSERT_TRUE(fall.has_value());
  EXPECT_EQ(fall->since, 30);
  EXPECT_EQ(fall->from, 50);
  EXPECT_EQ(fall->to, 39);
  EXPECT_TRUE(fall->still);
  EXPECT_FALSE(fall_of({{10, 20, 30, 40, 50}, {5, 50, 39, 39, 38.9}})->still) << "it holds, but for less than 1 %";
  EXPECT_FALSE(fall_of({{10, 20, 30, 40, 50}, {5, 40, 50, 45, 41}}).has_value()) << "0.82 of the highest";
  EXPECT_FALSE(fall_of({{10, 20}, {50, 10}}).has_value()) << "two values make no trend";
  EXPECT_FALSE(fall_of({}).has_value());
}

TEST(Trend, SaysSinceWhenDirectionsAreDead) {
  EXPECT_EQ(collapsed_since({{1, 2, 3, 4}, {9, 0, 6, 7}}, 100, 0.05), 3) << "not at first, when all are nearly dead";
  EXPECT_EQ(collapsed_since({{1, 2}, {9, 9}}, 100, 0.05), 1);
  EXPECT_EQ(collapsed_since({{1, 2}, {9, 4}}, 100, 0.05), std::nullopt);
  EXPECT_EQ(collapsed_since({{1, 2}, {0, 0}}, 100, 0), std::nullopt) << "none dead is no collapse";
  EXPECT_EQ(collapsed_since({}, 100, 0.05), std::nullopt);
}

TEST(PlainWords, SayWhatTheVerdictIs) {
  EXPECT_EQ(plain_verdict(result_of(kHealthyValues), " of r"), "All 4 directions of r are in use: no collapse.");
  EXPECT_EQ(plain_verdict(result_of(kDeadValues), ""),
            "2 of 4 directions carry less than 1/10,000 of the largest variance: dimensional collapse.");
  EXPECT_EQ(head_number(result_of(kDeadValues)).number, "2 of 4");
  EXPECT_TRUE(terms_of(result_of(kDeadValues)).starts_with("Dead: with a variance under 1/10,000 of the strongest"));
  EXPECT_NE(terms_of(result_of(kDeadValues)).find(" of 4 (4 would mean"), std::string::npos);
  EXPECT_EQ(is_it_collapsed(result_of(kHealthyValues)),
            "No: healthy. 0 of 4 directions have less than 1/10,000 of the largest variance; from 5 % on it counts as "
            "collapse.");
  EXPECT_NE(plain_verdict(result_of({0, 0}), "").find("complete collapse"), std::string::npos);
  EXPECT_EQ(plain_verdict(result_of({2}), " of r"), "The only direction of r is in use: no collapse.");
  EXPECT_EQ(head_number(result_of({2})).counts, "direction is in use");
  EXPECT_EQ(head_number(result_of(kHealthyValues)).counts, "directions are in use");
  EXPECT_EQ(plain_verdict(result_of({4, 3, 2, 1e-6}), ""),
            "1 of 4 directions carries less than 1/10,000 of the largest variance: dimensional collapse.");
  auto coarse = result_of(kHealthyValues);
  coarse.floor = 2;
  coarse = spectrum_result(static_cast<const spectrum::SpectrumSummary&>(coarse), {}, Json::object());
  EXPECT_EQ(plain_verdict(coarse, ""),
            "The numbers are rounded too coarsely to say how many of the 4 directions are in use.");
  EXPECT_EQ(head_number(coarse).number, "2 of 4");
  EXPECT_EQ(mood_of(coarse), "open");
  EXPECT_TRUE(
      is_it_collapsed(coarse).starts_with("Not known: too coarse to tell. 2 of 4 directions may be dead or not"));
  EXPECT_EQ(head_number(result_of(kHealthyValues, 5)).counts, "rows, of at least 8 that it takes");
  EXPECT_EQ(mood_of(result_of(kHealthyValues)), "good");
  EXPECT_EQ(mood_of(result_of(kDeadValues)), "bad");
  EXPECT_EQ(mood_of(result_of(kHealthyValues, 5)), "open");
}

TEST(PlainWords, WriteSharesAndCountsForReaders) {
  EXPECT_EQ(share_text(1e-4), "1/10,000");
  EXPECT_EQ(share_text(0.5), "1/2");
  EXPECT_EQ(share_text(0.3), "0.3");
  EXPECT_EQ(share_text(0), "0");
  EXPECT_EQ(count_text(7), "7");
  EXPECT_EQ(count_text(1234567), "1,234,567");
  EXPECT_EQ(count_text(-123), "-123");
  EXPECT_EQ(counted(1, "run"), "1 run");
  EXPECT_EQ(counted(0, "run"), "0 runs");
  EXPECT_EQ(counted(1234, "run"), "1,234 runs");
}

}  // namespace
}  // namespace directclr::report
