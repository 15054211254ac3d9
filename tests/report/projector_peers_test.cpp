#include "directclr/report/projector_peers.h"

#include <gtest/gtest.h>

#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/report/run_answer.h"
#include "tests/support/folders.h"
#include "tests/support/temporary_folder.h"

namespace directclr::report {
namespace {

using Kind = ProjectorEvidence::Kind;

SpectrumResult spectrum_of(std::vector<double> values, int64_t samples = 1000) {
  spectrum::SpectrumSummary s;
  s.values = std::move(values);
  s.samples = samples;
  s.effective_rank_lambda = 2.5;
  return spectrum_result(s, {}, Json::object());
}

const std::vector<double> kAlive = {4, 3, 2, 1}, kDying = {4, 3, 1e-6, 1e-7};

RunResults run_with(const std::string& projector, std::vector<double> values, double top1) {
  RunResults run;
  run.name = projector;
  run.path = "runs/" + projector;
  run.config = {{"train", "data", "cifar10"},
                {"train", "seed", "0"},
                {"projector", "projector", projector},
                {"run", "threads", "2"}};
  run.environment = {{"images", "50000"}, {"data_fingerprint", "abc"}};
  run.spectra.emplace("representation", spectrum_of(std::move(values)));
  run.probe = Accuracy{top1, "linear probe, L-BFGS"};
  return run;
}

void set(RunResults& run, const std::string& name, const std::string& value) {
  for (auto& entry : run.config) {
    if (entry.name == name) entry.text = value;
  }
}

std::vector<std::string> names_of(const std::vector<ProjectorPeer>& peers) {
  std::vector<std::string> names;
  for (const auto& peer : peers) names.push_back(peer.name);
  return names;
}

using Names = std::vector<std::string>;

TEST(ProjectorPeers, DifferInTheProjectorAlone) {
  const auto none = run_with("none", kDying, 0.75);
  auto mlp = run_with("mlp", kAlive, 0.8), other = mlp;
  const auto peers = projector_peers(none, {none, mlp});
  ASSERT_EQ(names_of(peers), Names{"mlp"}) << "not the run itself";
  EXPECT_EQ(peers[0].projector, "mlp");
  EXPECT_EQ(*peers[0].top1, 0.8);
  set(other, "threads", "16");
  EXPECT_EQ(names_of(projector_peers(none, {other})), Names{"mlp"}) << "the same numbers, carried out in another way";
  for (const auto& [name, value] : {std::pair("seed", "1"), std::pair("data", "imagenet")}) {
    other = mlp;
    set(other, name, value);
    EXPECT_EQ(names_of(projector_peers(none, {other})), Names{}) << name;
  }
  other = mlp;
  other.config.push_back({"augment", "crop_scale_min", "0.5"});
  EXPECT_EQ(names_of(projector_peers(none, {other})), Names{}) << "what one of them does not say may differ";
  other = mlp;
  other.environment["data_fingerprint"] = "def";
  EXPECT_EQ(names_of(projector_peers(none, {other})), Names{}) << "other images under the same name";
  other.environment.clear();
  EXPECT_EQ(names_of(projector_peers(none, {other})), Names{"mlp"}) << "runs of before fingerprints";
  other = mlp;
  other.state = RunState::kStopped;
  EXPECT_EQ(names_of(projector_peers(none, {other})), Names{}) << "it has not seen as many images";
  EXPECT_EQ(names_of(projector_peers(other, {none})), Names{});
}

TEST(ProjectorPeers, AreComparedWhereTheyWereMeasuredAlike) {
  const auto none = run_with("none", kDying, 0.75);
  const auto peer = [&](const auto& change) {
    std::vector<RunResults> beside = {run_with("mlp", kAlive, 0.8)};
    change(beside[0]);
    const auto found = projector_peers(none, beside).at(0);
    return std::pair(found.spectrum != nullptr, found.top1.has_value());
  };
  EXPECT_EQ(peer([](RunResults&) {}), std::pair(true, true));
  EXPECT_EQ(peer([](RunResults& r) { r.spectra.clear(); }), std::pair(false, true));
  EXPECT_EQ(peer([](RunResults& r) { r.spectra.at("representation").samples = 500; }), std::pair(false, true));
  EXPECT_EQ(peer([](RunResults& r) { r.spectra.at("representation").l2_normalized = true; }), std::pair(false, true));
  EXPECT_EQ(peer([](RunResults& r) { r.spectra.at("representation").lines.dead_below = 1e-3; }),
            std::pair(false, true));
  EXPECT_EQ(peer([](RunResults& r) { r.spectra.at("representation") = spectrum_of({1, 1}); }), std::pair(false, true));
  EXPECT_EQ(peer([](RunResults& r) { r.probe.reset(); }), std::pair(true, false));
  EXPECT_EQ(peer([](RunResults& r) { r.probe->protocol = "linear probe, SGD"; }), std::pair(true, false));
}

TEST(ProjectorEvidence, NamesTheProjectorToTake) {
  const auto dying = spectrum_of(kDying), alive = spectrum_of(kAlive), one = spectrum_of({4, 3, 2, 1e-7});
  // The highest accuracy of those that keep more alive; of those without accuracy the one that keeps most.
  EXPECT_EQ(projector_evidence(dying, 0.5, {{"a", "mlp", &alive, 0.6}, {"b", "linear", &one, 0.7}}).best, "linear");
  EXPECT_EQ(projector_evidence(dying, 0.5, {{"a", "mlp", &alive, {}}, {"b", "linear", &one, {}}}).best, "mlp");
  EXPECT_EQ(projector_evidence(dying, {}, {{"a", "mlp", &one, 0.6}, {"b", "linear", &alive, {}}}).best, "linear");
  // One that costs accuracy is not taken where another does not.
  const auto mixed = projector_evidence(dying, 0.5, {{"a", "direct", &alive, 0.4}, {"b", "linear", &one, 0.5}});
  EXPECT_EQ(mixed.kind, Kind::kHelps);
  EXPECT_EQ(mixed.best, "linear");
  EXPECT_FALSE(mixed.gains_accuracy);
  EXPECT_EQ(projector_evidence(dying, 0.5, {}).kind, Kind::kNothing);
  // The measured one decides, whichever comes first.
  for (const bool first : {true, false}) {
    std::vector<ProjectorPeer> peers = {{"a", "mlp", &dying, {}}, {"b", "linear", nullptr, {}}};
    if (first) std::swap(peers[0], peers[1]);
    const auto evidence = projector_evidence(dying, {}, peers);
    EXPECT_EQ(evidence.kind, Kind::kNoRemedy);
    EXPECT_EQ(evidence.unmeasured, Names{"b"});
    EXPECT_EQ(evidence.facts, "without one 2 of 4 directions are dead, with mlp (run a) 2");
  }
  EXPECT_EQ(projector_evidence(dying, {}, {{"a", "mlp", &one, 0.6}}).facts,
            "without one 2 of 4 directions are dead, with mlp (run a) 1 (linear probe 60.0 %)");
}

// What was measured on CIFAR-10 (docs/axes.csv, docs/results.json), one comparison at a time.
class MeasuredRuns : public ::testing::Test {
 protected:
  struct Measured {
    double dead, top1;
  };
  static SpectrumResult with_dead(double dead) {
    std::vector<double> values(512, 1e-6);
    std::fill(values.begin(), values.end() - static_cast<std::ptrdiff_t>(dead), 1.0);
    return spectrum_of(values, 10000);
  }
  static ProjectorEvidence evidence(const Measured& none, const std::string& projector, const Measured& with) {
    const auto own = with_dead(none.dead), other = with_dead(with.dead);
    return projector_evidence(own, none.top1, {{projector, projector, &other, with.top1}});
  }
  // Of seed 0. `what` is as the file has it.
  static Measured axis(const std::string& what, const std::string& projector) {
    const std::string begin = what + "," + projector + ",0,";
    for (const auto& line : split(read_file(test::tests_folder() / "../docs/axes.csv"), '\n')) {
      if (!line.starts_with(begin)) continue;
      const auto cells = split(line.substr(begin.size()), ',');  // device, width, top1, knn, dead_r, rank_r
      Measured found{};
      EXPECT_TRUE(cells.size() == 6 && parse_double(cells[2], found.top1) && parse_double(cells[4], found.dead))
          << line;
      return {found.dead, found.top1 / 100};
    }
    ADD_FAILURE() << begin;
    return {};
  }
};

TEST_F(MeasuredRuns, ShowThatAProjectorHelpsCostsOrIsNoRemedy) {
  const auto shown = [](const std::string& what, const std::string& projector) {
    return evidence(axis(what, "none"), projector, axis(what, projector));
  };
  EXPECT_EQ(shown("nothing", "linear").kind, Kind::kHelps);
  EXPECT_EQ(shown("tau 0.5", "linear").kind, Kind::kHelps);
  EXPECT_EQ(shown("nothing", "direct").kind, Kind::kCosts) << "DirectCLR after ten epochs";
  const auto small = shown("\"batch 128, rate 0.3\"", "mlp");
  EXPECT_EQ(small.kind, Kind::kNoRemedy);
  EXPECT_TRUE(small.gains_accuracy);
  EXPECT_EQ(small.facts, "without one 48 of 512 directions are dead (linear probe 51.6 %), with mlp 50 (52.3 %)");
}

TEST(RunAnswer, LooksAtTheRunsBeside) {
  const auto none = run_with("none", kDying, 0.75), mlp = run_with("mlp", kAlive, 0.8);
  const auto dead = run_with("mlp", kDying, 0.8);
  const auto said = [](const Answer& answer, const char* question) {
    for (const auto& [asked, text] : answer.questions) {
      if (asked == question) return text;
    }
    return std::string();
  };
  EXPECT_TRUE(said(run_answer(none), kWhy).starts_with("This run has no projector")) << said(run_answer(none), kWhy);
  EXPECT_TRUE(said(run_answer(none, {none, mlp}), kWhy).starts_with("This run has no projector"));
  EXPECT_TRUE(
      said(run_answer(none, {none, dead}), kWhy)
          .starts_with("Not for want of a projector: with one at least 2 directions are dead (run \"mlp\"), here 2."))
      << said(run_answer(none, {none, dead}), kWhy);
  EXPECT_TRUE(
      said(run_answer(none, {none, mlp}), kDoesItHurt)
          .ends_with("75.0 % of the test images correctly; of the runs that differ in the projector alone the best has "
                     "80.0 % (run \"mlp\")."));
  EXPECT_TRUE(said(run_answer(mlp, {none, mlp}), kDoesItHurt)
                  .ends_with("none of the runs that differ in the projector alone has more."));
  EXPECT_TRUE(said(run_answer(none), kDoesItHurt).ends_with("nothing to compare with: run once with a projector."));
  auto again = mlp;
  set(again, "seed", "1");
  auto other = again;
  other.name = "far";
  set(other, "data", "cifar100");
  EXPECT_TRUE(said(run_answer(none, {none, other, again}), kDoesItHurt)
                  .ends_with("nothing to compare with: of the runs beside it none differs in the projector alone "
                             "(\"mlp\" differs in seed as well)."))
      << said(run_answer(none, {none, other, again}), kDoesItHurt);
  again = mlp;
  again.probe.reset();
  EXPECT_TRUE(
      said(run_answer(none, {none, again}), kDoesItHurt)
          .ends_with("of the runs that differ in the projector alone (\"mlp\") nobody has measured it in the same "
                     "way."));
  const Answer both = runs_answer({none, mlp});
  EXPECT_EQ(both.sentence, "1 of 2 runs has collapsed (\"none\"); \"mlp\" classifies best (80.0 %).");
  EXPECT_TRUE(both.advice.at(0).starts_with("\"none\": Train with a projector (`--projector mlp`): without one 2 of 4"))
      << both.advice.at(0);
}

TEST(NearestToAPeer, IsTheOneThatLacksLeast) {
  const auto none = run_with("none", kDying, 0.75);
  auto mlp = run_with("mlp", kAlive, 0.8);
  EXPECT_EQ(nearest_to_a_peer(none, {none, mlp}), "") << "it is one";
  mlp.environment["data_fingerprint"] = "def";
  EXPECT_EQ(nearest_to_a_peer(none, {mlp}), "\"mlp\" differs in its images as well");
  mlp = run_with("mlp", kAlive, 0.8);
  mlp.state = RunState::kAtWork;
  EXPECT_EQ(nearest_to_a_peer(none, {mlp}), "\"mlp\" differs in how far it is as well");
  mlp = run_with("mlp", kAlive, 0.8);
  for (const char* name : {"d", "c", "b", "a"}) mlp.config.push_back({"augment", name, "1"});
  EXPECT_EQ(nearest_to_a_peer(none, {mlp}), "\"mlp\" differs in a, b, c, 1 more as well");
  set(mlp, "projector", "none");
  EXPECT_EQ(nearest_to_a_peer(none, {mlp}), "") << "it has the same projector";
}

// What killed a training leaves: a log, and no end.
TEST(RunAnswer, OfARunThatHasNotEndedSaysHowFarItIsAndHowToGoOn) {
  RunResults run = run_with("mlp", kAlive, 0.8);
  run.state = RunState::kStopped;
  run.spectra.clear();
  run.probe.reset();
  run.config.push_back({"train", "epochs", "60"});
  run.metrics["epoch"] = {{100, 580}, {2, 12.6}};
  run.metrics["dead_r"] = {{100, 580}, {9, 1}};
  run.spectra_log.r_dimensions = 64;
  const Answer answer = run_answer(run);
  EXPECT_EQ(
      answer.sentence,
      "This run has stopped at epoch 12.6 of 60, step 580. When training was last looked at, 1 of 64 directions of "
      "the representation were dead.");
  EXPECT_EQ(answer.advice, (std::vector<std::string>{"It has stopped at epoch 12.6 of 60, step 580: go on with "
                                                     "`directclr train --resume --out runs/mlp`."}));
  EXPECT_TRUE(answer.questions.at(1).answer.starts_with("Not collapsed at the end of its log, step 580."));
  for (const auto& [question, said] : answer.questions) {
    for (const char* refused : {"directclr spectrum", "directclr probe", "directclr explain"}) {
      EXPECT_EQ(said.find(refused), std::string::npos) << question;
    }
  }
  // Nobody is told to measure it, and it is no comparison.
  const auto none = run_with("none", kDying, 0.75);
  const Answer both = runs_answer({none, run});
  EXPECT_EQ(
      both.sentence,
      "1 of 2 runs has collapsed (\"none\"); of \"mlp\" it is open; \"mlp\" has not ended; \"none\" classifies best "
      "(75.0 %).");
  for (const auto& advice : both.advice) EXPECT_EQ(advice.find("Measure"), std::string::npos) << advice;
}

// Runs of earlier versions have no spectra.jsonl, which says how wide r is.
TEST(RunAnswer, GoesByTheLogAlone) {
  RunResults run = run_with("mlp", kAlive, 0.8);
  run.spectra.clear();
  const auto since = [&] { return run_answer(run).questions.at(1).answer; };
  EXPECT_EQ(since(), "Not known: the run has no log of its training.");
  run.metrics["loss"] = {{10}, {1}};
  EXPECT_EQ(since(), "Not known: the log of the training does not count dead directions.");
  run.metrics["dead_r"] = {{10, 20}, {3, 0}};
  EXPECT_TRUE(since().starts_with("Not collapsed at the end of its log, step 20.")) << since();
  EXPECT_EQ(run_answer(run).number, "0");
  run.metrics["dead_r"].values = {0, 3};
  EXPECT_EQ(since(),
            "Not known: at the end of its log, step 20, 3 directions were dead, and no file says of how many.");
  EXPECT_EQ(run_answer(run).number, "3");
  EXPECT_EQ(run_answer(run).mood, "open");
  run.probe->width = 4;
  EXPECT_TRUE(since().starts_with("Collapsed from step 20 on, to the end of its log, step 20.")) << since();
  EXPECT_EQ(run_answer(run).number, "3 of 4");
  EXPECT_EQ(run_answer(run).mood, "bad");
}

// At step 20 rounding hid the count: that of step 10 is not what there is now.
TEST(RunAnswer, TakesNoOldCountForTheLast) {
  RunResults run = run_with("mlp", kAlive, 0.8);
  run.spectra.clear();
  run.metrics["rank_r"] = {{10, 20}, {3, 3}};
  run.metrics["dead_r"] = {{10}, {3}};
  const Answer answer = run_answer(run);
  EXPECT_EQ(answer.number, "?");
  EXPECT_EQ(answer.mood, "open");
  EXPECT_NE(answer.sentence.find("rounding hid how many directions"), std::string::npos) << answer.sentence;
  EXPECT_TRUE(answer.questions.at(1).answer.starts_with("Not known: ")) << answer.questions.at(1).answer;
}

TEST(RunAnswer, TellsACountThatWasAlwaysHiddenFromOneThatIsNotThere) {
  const test::TemporaryFolder run;
  write_file(run / "config.toml", "[encoder]\narch = \"resnet18\"\n");
  const auto asked = [&](const std::string& count) {
    write_file(run / "metrics.jsonl", "{\"step\": 10, \"rank_r\": 3" + count + "}\n");
    const Answer answer = run_answer(read_results(run.path()));
    return answer.sentence + " " + answer.questions.at(1).answer;
  };
  EXPECT_NE(asked("").find("does not count dead directions"), std::string::npos) << asked("");
  EXPECT_NE(asked(", \"dead_r\": null").find("rounding hides how many"), std::string::npos);
}

TEST(RunAnswer, DoesNotRepeatAnExplanationWithoutAConclusion) {
  RunResults run = run_with("mlp", kDying, 0.8);
  run.explanation.emplace();
  run.explanation->images = 64;
  run.explanation->conclusion = {"No conclusion: .. the numbers below are not to be relied on", "none", {}, {}, {}};
  EXPECT_EQ(run_answer(run).questions.at(2).answer,
            "Not known: `directclr explain` looked at 64 images, too few to tell; its page says what would do.");
}

TEST(RunAnswer, BesideOthersSaysOfARunWhatIsItsOwn) {
  const auto none = run_with("none", kDying, 0.75);
  auto falling = run_with("mlp", kAlive, 0.8);
  falling.metrics["rank_r"] = {{10, 20, 30, 40, 50}, {5, 50, 45, 35, 30}};
  const auto change = [](const Answer& answer) { return answer.questions.back().answer; };
  EXPECT_EQ(change(run_answer(falling, {none, falling})),
            "Its effective rank was highest at step 20; `--stop-under rank=40` would have ended it half-way down the "
            "fall.");
  EXPECT_EQ(change(run_answer(none, {none, falling})), kSeeAdvice);
  EXPECT_EQ(change(run_answer(falling)), kSeeAdvice) << "alone it is said at the top";
}

TEST(RunsAnswer, SaysWhetherTheBestHasFewerDeadDirections) {
  const auto said = [](const std::vector<RunResults>& runs) {
    const auto questions = runs_answer(runs).questions;
    return questions.empty() ? std::string() : questions.at(0).answer;
  };
  const std::string once = ". One run each: another seed may order close ones differently.";
  EXPECT_EQ(said({run_with("none", kDying, 0.75), run_with("mlp", kAlive, 0.8)}),
            "Here the fewer directions are dead, the better a run classifies. From the best to the last, dead of 4 "
            "directions: \"mlp\" (80.0 %) 0, \"none\" (75.0 %) 2" +
                once);
  // All runs count, not the two at the ends.
  const std::vector<double> one_dead = {4, 3, 2, 1e-7}, three_dead = {4, 1e-6, 1e-7, 1e-8};
  EXPECT_EQ(said({run_with("a", kAlive, 0.532), run_with("b", kDying, 0.51), run_with("c", three_dead, 0.521),
                  run_with("d", three_dead, 0.518)}),
            "Here the two do not go together throughout: of 6 pairs of runs the one that classifies better has fewer "
            "dead directions in 3, more in 2 and as many in 1. From the best to the last, dead of 4 directions: \"a\" "
            "(53.2 %) 0, \"c\" (52.1 %) 3, \"d\" (51.8 %) 3, \"b\" (51.0 %) 2" +
                once);
  EXPECT_TRUE(said({run_with("a", kAlive, 0.8), run_with("b", one_dead, 0.7), run_with("c", kDying, 0.7)})
                  .starts_with("Here the fewer"))
      << "of those that classify alike there is no better one";
  EXPECT_TRUE(
      said({run_with("none", kAlive, 0.75), run_with("mlp", kDying, 0.8)}).starts_with("Not by itself, here: "));
  EXPECT_TRUE(
      said({run_with("none", kDying, 0.75), run_with("mlp", kDying, 0.8)}).starts_with("Not to be seen here: "));
  // What cannot be compared is not.
  auto other = run_with("mlp", kAlive, 0.8);
  set(other, "data", "cifar100");
  EXPECT_EQ(said({run_with("none", kDying, 0.75), other}), "");
  other = run_with("mlp", kAlive, 0.8);
  other.probe->protocol = "linear probe, SGD";
  EXPECT_EQ(said({run_with("none", kDying, 0.75), other}), "");
  other = run_with("mlp", kAlive, 0.8);
  other.spectra.at("representation") = spectrum_of(kAlive, 2000);
  EXPECT_EQ(said({run_with("none", kDying, 0.75), other}), "");
  other.probe.reset();
  EXPECT_EQ(said({run_with("none", kDying, 0.75), other}), "");
  EXPECT_EQ(said({run_with("none", kDying, 0.8), run_with("mlp", kAlive, 0.8)}), "");
}

}  // namespace
}  // namespace directclr::report
