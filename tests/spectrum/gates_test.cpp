#include "directclr/spectrum/gates.h"

#include <gtest/gtest.h>

#include <cmath>

#include "directclr/core/json.h"
#include "directclr/spectrum/measures.h"
#include "tests/support/error_of.h"
#include "tests/support/json_printing.h"

namespace directclr::spectrum {
namespace {

using test::error_of;

SpectrumSummary four_directions() {
  SpectrumSummary s;
  s.values = {1, 1, 1, 1e-5};
  s.effective_rank_lambda = 1.9;
  s.normalized_std = 0.25;
  s.below_1e_4 = 1;
  s.samples = 100;
  s.mean_cosine = 0.1;
  s.rankme = std::nan("");
  return s;
}

std::vector<std::string> failed(const GateTexts& texts, const SpectrumSummary& s) {
  return failures(Gates(texts, "--fail").results(s, verdict(s, {})));
}

TEST(Gates, HoldFloorsCeilingsAndVerdicts) {
  const SpectrumSummary s = four_directions();
  using Lines = std::vector<std::string>;
  EXPECT_TRUE(Gates().empty());
  EXPECT_EQ(failed({"rank=0.5D,normalized-std=0.25", "", ""}, s),
            (Lines{"effective-rank is 1.9, under 2 (--fail-under)"}));
  EXPECT_EQ(failed({"effective-rank=1.9", "", ""}, s), Lines{}) << "at the floor is not under it";
  EXPECT_EQ(failed({"", "dead=0,mean-cosine=0.2", ""}, s), (Lines{"dead-directions is 1, over 0 (--fail-over)"}));
  EXPECT_EQ(failed({"", "dead=1", ""}, s), Lines{}) << "at the ceiling is not over it";
  EXPECT_EQ(failed({"", "dead-directions=0.2D", ""}, s), (Lines{"dead-directions is 1, over 0.8 (--fail-over)"}));
  EXPECT_EQ(failed({"rankme=0", "", ""}, s),
            (Lines{"rankme has no value: it needs the rows themselves, not their covariance alone (--fail-under)"}));
  ASSERT_EQ(verdict(s, {}).name(), "dimensional collapse");
  for (const char* on : {"collapse", "dimensional-collapse", "too-few-rows,collapse"}) {
    const Lines lines = failed({"", "", on}, s);
    ASSERT_EQ(lines.size(), 1U) << on;
    EXPECT_TRUE(lines[0].starts_with(std::string("the verdict is dimensional collapse (--fail-on ") + on)) << lines[0];
  }
  EXPECT_EQ(failed({"", "", "complete-collapse,too-few-rows,one-direction"}, s), Lines{});
  EXPECT_EQ(failed({"rank=3", "dead=0", "collapse"}, s).size(), 3U) << "a line each";
}

// Nobody knows how many of them are dead: a ceiling is not kept, and collapse is not found.
TEST(Gates, OfWhatRoundingHidesPassNoCount) {
  SpectrumSummary s = four_directions();
  s.floor = 0.5;
  using Lines = std::vector<std::string>;
  EXPECT_EQ(
      failed({"", "dead=4", ""}, s),
      (Lines{"dead-directions has no value: rounding hides how much varies along 1 of 4 directions (--fail-over)"}));
  EXPECT_EQ(failed({"", "", "collapse"}, s), Lines{});
  const Lines coarse = failed({"", "", "collapse,too-coarse"}, s);
  ASSERT_EQ(coarse.size(), 1U);
  EXPECT_TRUE(coarse[0].starts_with("the verdict is too coarse to tell (--fail-on collapse,too-coarse): 1 of 4"))
      << coarse[0];
}

TEST(Gates, MakeTheObjectOfResults) {
  const SpectrumSummary s = four_directions();
  const Gates gates({"rank=0.25D", "dead=0", "healthy"}, "--fail");
  EXPECT_EQ(json_of(gates.results(s, verdict(s, {}))), Json::parse(R"([
    {"gate": "--fail-under effective-rank=0.25D", "found": "1.9", "passed": true},
    {"gate": "--fail-over dead-directions=0", "found": "1", "passed": false},
    {"gate": "--fail-on healthy", "found": "dimensional collapse", "passed": true}])"));
}

TEST(Gates, RefuseWhatIsNone) {
  const auto error = [](const GateTexts& texts) { return error_of([&] { Gates(texts, "--stop"); }); };
  const auto holds = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  holds(error({"rnk=1", "", ""}), "--stop-under: 'rnk' is no measure that has a floor (allowed: rank, effective-rank");
  holds(error({"condition-number=1", "", ""}), "'condition-number' is no measure that has a floor");
  holds(error({"", "rank=1", ""}), "--stop-over: 'rank' is no measure that has a ceiling (allowed: cumulative-area");
  holds(error({"rank", "", ""}), "'rank' gives no number (write rank=50");
  holds(error({"rank=D", "", ""}), "gives no number");
  holds(error({"", "dead=", ""}), "'dead=' gives no number (write dead=10");
  holds(error({"rank=1.01D", "", ""}), "'rank=1.01D' is no share of the D dimensions (between 0D and 1D)");
  holds(error({"", "dead=-0.1D", ""}), "is no share of the D dimensions");
  EXPECT_EQ(error({"rank=1D", "", ""}), "no error");
  holds(error({"", "", "colapse"}), "--stop-on: 'colapse' is no verdict (allowed: collapse, healthy, one-direction");
}

// Every measure may stand in a gate, under its name, on the side where it is unhealthy.
TEST(Gates, TakeEveryMeasure) {
  for (const auto& kind : measure_kinds()) {
    const bool floor = kind.healthier == MeasureKind::Healthier::kMore;
    const std::string text = kind.name + "=1";
    EXPECT_FALSE(Gates({floor ? text : "", floor ? "" : text, ""}, "--fail").empty()) << kind.name;
    EXPECT_NE(error_of([&] { Gates({floor ? "" : text, floor ? text : "", ""}, "--fail"); }), "") << kind.name;
  }
}

}  // namespace
}  // namespace directclr::spectrum
