#include "directclr/report/explanation_page.h"

#include <gtest/gtest.h>

#include "directclr/core/files.h"
#include "directclr/report/explanation_result.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr::report {
namespace {

// Four directions; along the last two the augmentation spreads more than the data, along the very last beyond chance.
ExplanationResult explanation() {
  ExplanationResult e;
  e.images = 64;
  e.batch = 16;
  e.conclusion = {"A finding", "high", {}, {}, {}};
  e.x.negative_for_certain = 1;
  e.x.eigenvalues = {3, 1, -0.5, -1};
  e.x.held_out = {2, 1, -0.1, -1};
  e.x.standard_error = {0.1, 0.1, 0.5, 0.1};
  e.x.data_along = {4, 3, 1, 1};
  e.x.augmentation_along = {2, 2, 1.1, 2};
  e.x.certain = std::vector<int64_t>{3};
  e.growth = {true, {2, 1}, {0.5, -0.5}, {0.1, 0.1}, {1, 2}, 1, 0, 1};
  e.attribution = {{"as trained", 0.6, 1.2}, {"crop alone", 0.5, 1.0}, {"without crop", 0.3, 0.5}};
  e.protocol = {{"run", "runs/mine/"},
                {"data", "a set"},
                {"arch", "tiny"},
                {"projector", "linear"},
                {"pretraining_epochs", 4},
                {"seed", 0},
                {"augmentation", {{"crop_scale_min", 0.08}, {"interpolation", "bicubic"}}}};
  return e;
}

class ExplanationPage : public ::testing::Test {
 protected:
  std::string page_of(const ExplanationResult& e) const {
    write_explanation(folder_ / "explain.json", e);
    write_explanation_page(folder_.path());
    return read_file(folder_ / "index.html");
  }
  test::TemporaryFolder folder_;
};

TEST_F(ExplanationPage, MarksTheDirectionsThatItCounts) {
  ExplanationResult e = explanation();
  EXPECT_NE(
      page_of(e).find("along 2 directions; for 1 of them this is beyond chance, and only these are counted (dots)."),
      std::string::npos);
  EXPECT_NE(read_file(folder_ / "ratio.csv").find("2,counted: beyond chance,4,2\n"), std::string::npos);
  EXPECT_EQ(read_file(folder_ / "ratio.csv").find("counted: beyond chance,3,"), std::string::npos);
  e.x.certain.reset();  // of an earlier version
  EXPECT_NE(page_of(e).find("and only these are counted."), std::string::npos);
  EXPECT_EQ(read_file(folder_ / "ratio.csv").find("counted"), std::string::npos);
  for (const int64_t nowhere : {-1, 4}) {
    e.x.certain = std::vector<int64_t>{nowhere};
    EXPECT_NE(test::error_of([&] { page_of(e); }).find("explain.json: is damaged: 'certain' names no direction"),
              std::string::npos)
        << nowhere;
  }
  e = explanation();
  e.x.augmentation_along.pop_back();
  EXPECT_NE(test::error_of([&] { page_of(e); }).find("are not of the same directions"), std::string::npos);
}

TEST_F(ExplanationPage, SaysWhatMadeTheViewsAndWhatItsSettingIsNow) {
  ExplanationResult e = explanation();
  std::string html = page_of(e);
  EXPECT_NE(html.find("(now 0.08)"), std::string::npos);
  EXPECT_NE(html.find("crop_scale_min = 0.08\ninterpolation = bicubic"), std::string::npos);
  EXPECT_NE(html.find("<h1>Why directions of run &quot;mine&quot; live or die</h1>"), std::string::npos);
  // Python's encoder has no run and no architecture, and files of earlier versions no augmentation.
  for (const char* key : {"run", "arch", "pretraining_epochs", "augmentation"}) e.protocol.erase(key);
  html = page_of(e);
  EXPECT_NE(html.find("<h1>Why directions of this encoder live or die</h1>"), std::string::npos);
  EXPECT_NE(html.find("a set, projector linear, seed 0; 64 training images"), std::string::npos);
  EXPECT_EQ(html.find("(now 0"), std::string::npos);
}

// Weights have no log, and no runs to be compared with.
TEST_F(ExplanationPage, OfWeightsNamesNoCommandsForRuns) {
  ExplanationResult e = explanation();
  const auto holds = [&](const char* text) { return page_of(e).find(text) != std::string::npos; };
  EXPECT_TRUE(holds("<code class=\"free\">report</code> <code class=\"free\">RUN</code> (RUN: its folder)"));
  e.protocol.erase("run");
  e.protocol["weights"] = "a.pth";
  EXPECT_FALSE(holds("<code class=\"free\">RUN</code>"));
  EXPECT_TRUE(holds("weights have no log"));
  e.x.negative_for_certain = 0;
  e.x.certain->clear();
  EXPECT_FALSE(holds("<code class=\"free\">RUN</code>"));
  e.x.negative_for_certain = 1;
  e.attribution.clear();
  EXPECT_TRUE(holds("<code class=\"free\">explain</code> without <code>--no-attribution</code>"));
}

// Of the images that directions were chosen on a curve goes below 0 by chance alone.
TEST_F(ExplanationPage, SaysWhichCurveOfTheEigenvaluesIsCounted) {
  const std::string html = page_of(explanation());
  EXPECT_NE(html.find("on images that had no part in finding the directions (the band: two standard errors): 1 of 4 "
                      "directions."),
            std::string::npos);
  const std::string csv = read_file(folder_ / "eigenvalues.csv");
  EXPECT_NE(csv.find("0,on images that had no part in finding the directions: counted,1,0.66"), std::string::npos)
      << csv;
  EXPECT_NE(csv.find("1,on the images that the directions were found on: not counted,1,1,"), std::string::npos) << csv;
}

TEST_F(ExplanationPage, AdvisesWhatFitsWhatWasFound) {
  ExplanationResult e = explanation();
  const auto says = [&](const char* text) { EXPECT_NE(page_of(e).find(text), std::string::npos) << text; };
  says("Weaken the augmentation's crop");
  e.attribution[1].weak_share = 0.1;
  says("No single part of the augmentation makes most of it");
  EXPECT_EQ(page_of(e).find("was not measured"), std::string::npos);
  e.attribution.clear();
  EXPECT_EQ(page_of(e).find("No single part"), std::string::npos) << "nobody has looked at the parts";
  says("Which part of the augmentation makes it was not measured: ");
  says("<code class=\"free\">runs/mine/</code> without <code>--no-attribution</code> does that.");
  e.r = ExplanationResult::State{"dimensional collapse", "2 of 4 directions ..", 2, 4};
  e.x.negative_for_certain = 0;
  e.x.certain->clear();
  e.conclusion.confidence = "low";
  e.conclusion.opposing = {"That"};
  says("As far as this can tell the augmentation is not too strong");
  says("Confidence: low; what speaks against it is said below.");
  says("Leave the augmentation as it is.");
  EXPECT_EQ(page_of(e).find("looks for the cause"), std::string::npos) << "this is where it was looked for";
  says("cannot act behind r: there are no two linear layers there");
  e.alignments = {{"one, two", "", 0.1, 0, 0.09, {1}, {1}, {{1}}}, {"two, three", "", 0.3, 0, 0.1, {1}, {1}, {{1}}}};
  says("is seen: the leading directions of two, three match by 0.30");
  e.alignments.pop_back();
  says("is not seen: the leading directions of one, two match by 0.10");
  e.conclusion = {"", "none", {}, {}, {}};
  says("Run it again with more images");
  e.protocol["read"] = Json{{"train", {{"images", 80}}}};
  says("Run it again with more images");
  e.protocol["read"] = Json{{"train", {{"images", 79}}}};
  says("There are no more training images than these; where the run was trained on a part");
}

}  // namespace
}  // namespace directclr::report
