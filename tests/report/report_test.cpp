#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/report/figure_html.h"
#include "directclr/report/figures.h"
#include "directclr/report/html.h"
#include "directclr/report/run_report.h"
#include "directclr/report/run_results.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace directclr::report {
namespace {

TEST(Html, EscapesAndEncodes) {
  EXPECT_EQ(escape("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;");
  EXPECT_EQ(png_data_url("Man"), "data:image/png;base64,TWFu");
  EXPECT_EQ(png_data_url("Ma"), "data:image/png;base64,TWE=");
  EXPECT_EQ(png_data_url("M"), "data:image/png;base64,TQ==");
}

TEST(Html, KeepsOptionsAndPercentsInOneLineAndLetsPathsBreak) {
  EXPECT_EQ(sentence_html("Run `directclr train --out a/b`: 5 % <of it>"),
            "Run <code class=\"free\">directclr</code> <code class=\"free\">train</code> <code>--out</code> "
            "<code class=\"free\">a/b</code>: 5&nbsp;% &lt;of it&gt;");
  EXPECT_EQ(sentence_html("`<b>`"), "<code class=\"free\">&lt;b&gt;</code>");
  EXPECT_EQ(sentence_html(""), "");
}

TEST(Figures, LeaveScriptDataAndPictureBehind) {
  const test::TemporaryFolder folder;
  const std::string svg =
      write_figure(spectrum_figure("Title \"quoted\"", {{"one, two", {1, 0.1, 0}}}), folder.path(), "name");
  EXPECT_NE(svg.find("<svg"), std::string::npos);
  EXPECT_NE(svg.find("one, two"), std::string::npos);
  // The curve ends where nothing is measured; a line says below what directions are dead.
  EXPECT_EQ(read_file(folder / "name.csv"),
            "series,name,x,y\n0,one; two,1,1\n0,one; two,2,0.1\n0,one; two,3,nan\n"
            "1,dead: below this line,1,1e-04\n1,dead: below this line,3,1e-04\n");
  EXPECT_TRUE(std::filesystem::exists(folder / "name.gp"));
}

TEST(SpectrumFigure, EndsACurveAtItsFloor) {
  const Figure figure = spectrum_figure("", {{"a", {1, 1e-3, 1e-9}, 1e-8}, {"b", {4, 1, 0.5}, 1e-8}}, 1e-2);
  ASSERT_EQ(figure.series.size(), 5U) << "two curves, the dead line of each, the floor of the first";
  EXPECT_TRUE(std::isnan(figure.series[0].y[2]));
  EXPECT_EQ(figure.series[1].y, (std::vector<double>{4, 1, 0.5}));
  EXPECT_TRUE(figure.series[2].dashed);
  EXPECT_EQ(figure.series[2].y[0], 1e-2);
  EXPECT_TRUE(figure.series[3].dotted);
  EXPECT_EQ(figure.series[3].x[0], 2.5);
  EXPECT_EQ(figure.series[3].y[0], 1e-8);
  EXPECT_EQ(figure.series[4].y[0], 4e-2);
  EXPECT_EQ(figure.series[4].color_of, 1U);
  EXPECT_TRUE(figure.series[4].name.empty()) << "said once";
  // Where the floor lies above the dead line what was measured is shown below it.
  const Figure coarse = spectrum_figure("", {{"d", {1, 0.5, 0.1}, 0.2}}, 1e-2);
  EXPECT_EQ(coarse.series[0].y, (std::vector<double>{1, 0.5, 0.1}));
  EXPECT_TRUE(coarse.series[2].dotted);
  // Of a single direction the lines go to both sides.
  const Figure single = spectrum_figure("", {{"e", {1}, 1e-8}});
  EXPECT_EQ(single.series.at(1).x, (std::vector<double>{0.5, 1.5}));
  // Rows that are all the same.
  const test::TemporaryFolder folder;
  write_figure(single, folder.path(), "single");
  EXPECT_NE(read_file(folder / "single.gp").find("set xtics 1\n"), std::string::npos);
  EXPECT_NE(write_figure(spectrum_figure("", {{"c", {0, 0}, 0}}), folder.path(), "c").find("<svg"), std::string::npos);
}

// More curves than colours: no two look the same, nor like a limit.
TEST(Figures, TellCurvesOfOneColourApartByDashes) {
  Figure figure{"", "", ""};
  for (int i = 0; i < 12; ++i) figure.series.push_back({"input " + std::to_string(i), {1, 2}, {1, 2}});
  const auto colors = colors_of(figure), turns = turns_of(figure);
  std::set<std::pair<size_t, size_t>> looks;
  for (size_t i = 0; i < 12; ++i) EXPECT_TRUE(looks.emplace(colors[i], turns[i]).second) << i;
  EXPECT_EQ(turns[0], 0U);
  EXPECT_EQ(std::count(turns.begin(), turns.end(), 0U), 8);
  const test::TemporaryFolder folder;
  const std::string html = figure_html(figure, folder.path(), "many", "");
  EXPECT_NE(html.find("\"dash\":\"turn1\""), std::string::npos);
  EXPECT_NE(read_file(folder / "many.gp").find(" lw 2 dt (24,6) lc"), std::string::npos);
}

TEST(Figures, CrossCellsWithoutAValueWhereAsked) {
  const test::TemporaryFolder folder;
  HeatMap map{"Map", "k", "layers", "v", {"a", "b"}, {"r"}, {1, NAN}};
  EXPECT_EQ(write_figure(map, folder.path(), "plain").find("a run diverged"), std::string::npos);
  map.crossed = "a run diverged";
  EXPECT_NE(write_figure(map, folder.path(), "map").find("k   (x: a run diverged)"), std::string::npos);
  EXPECT_NE(read_file(folder / "map.gp").find("set label 'x' at 1,0 center front"), std::string::npos);
}

TEST(Figures, LoseNothingWithoutGnuplot) {
  const test::TemporaryFolder folder;
  const std::string path = std::getenv("PATH");
  EXPECT_TRUE(can_draw());
  ::setenv("PATH", folder.path().c_str(), 1);
  EXPECT_FALSE(can_draw());
  const std::string svg = write_figure(spectrum_figure("Title", {{"one", {1, 0.1}}}), folder.path(), "a&b");
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_NE(svg.find("gnuplot is not installed"), std::string::npos) << svg;
  EXPECT_NE(svg.find("a&amp;b.gp"), std::string::npos) << svg;
  EXPECT_EQ(read_file(folder / "a&b.svg"), svg);
  EXPECT_TRUE(std::filesystem::exists(folder / "a&b.gp"));
  EXPECT_TRUE(std::filesystem::exists(folder / "a&b.csv"));
}

// Of a gnuplot that ends as if nothing had happened.
TEST(Figures, TakeNoHalfPicture) {
  const test::TemporaryFolder folder;
  const std::string path = std::getenv("PATH");
  write_file(folder / "gnuplot", "#!/bin/sh\nprintf '<svg><g'\n");
  std::filesystem::permissions(folder / "gnuplot", std::filesystem::perms::owner_all);
  ::setenv("PATH", folder.path().c_str(), 1);
  const std::string said = test::error_of([&] {
    write_figure(spectrum_figure("Title", {{"one", {1, 0.1}}}), folder / "figures", "half");
  });
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_NE(said.find("gnuplot failed on "), std::string::npos) << said;
  EXPECT_FALSE(std::filesystem::exists(folder / "figures/half.svg"));
}

TEST(Figures, DrawBandsPredictionsAndHeatMaps) {
  const test::TemporaryFolder folder;
  Figure figure{"Bands", "x", "y"};
  figure.series = {{"measured", {0, 1}, {1, 2}, {0.5, 1.5}, {1.5, 2.5}}, {"predicted", {0, 1}, {1, 3}, {}, {}, true}};
  figure.notes = {"a note"};
  EXPECT_NE(write_figure(figure, folder.path(), "bands").find("<svg"), std::string::npos);
  EXPECT_EQ(read_file(folder / "bands.csv"),
            "# a note\nseries,name,x,y,low,high\n0,measured,0,1,0.5,1.5\n0,measured,1,2,1.5,2.5\n"
            "1,predicted,0,1,,\n1,predicted,1,3,,\n");
  const HeatMap map{"Map", "x", "y", "v", {"a", "b"}, {"r, s"}, {1, NAN}};
  EXPECT_NE(write_figure(map, folder.path(), "map").find("<svg"), std::string::npos);
  EXPECT_EQ(read_file(folder / "map.csv"), "x,y,column,row,value\n0,0,a,r; s,1\n1,0,b,r; s,nan\n");
}

TEST(InlineSvg, MakesIdsUniqueAndBlackFollowTheText) {
  const std::string svg = inline_svg("<?xml?>\n<svg><g id=\"a\" fill='black'/><use xlink:href='#a'/></svg>", "p");
  EXPECT_EQ(svg, "<svg><g id=\"p-a\" fill='currentColor'/><use xlink:href='#p-a'/></svg>");
}

class ReportTest : public ::testing::Test {
 protected:
  void write_run(const std::string& name, const std::string& projector) {
    make_directories(folder_ / name / "spectrum");
    write_file(
        folder_ / name / "config.toml",
        "[train]\ndata = \"set\"\nseed = 3\nepochs = 2\n[encoder]\narch = \"tiny\"\n[projector]\nprojector = \"" +
            projector + "\"\n");
    write_file(folder_ / name / "DONE", R"({"steps": 10, "seconds": 65})");
    write_file(folder_ / name / "metrics.jsonl",
               "{\"step\": 1, \"loss\": 3}\n{\"step\": 2, \"loss\": 2}\n{\"step\": 3, \"lo");
    write_file(folder_ / name / "probe.json", R"({"top1": 0.8125, "protocol": {"method": "L-BFGS", "dims": [0, 3],
               "representation_width": 3, "random_init": false}})");
    write_file(folder_ / name / "spectrum" / "representation.json", R"({"singular_values": [1, 0.5, 0.001],
               "effective_rank_sigma": 2.4, "effective_rank_lambda": 1.9, "below_1e-4_of_largest": 0, "dimensions": 3,
               "protocol": {"samples": 50, "l2_normalized": false, "split": "test"}})");
  }
  test::TemporaryFolder folder_;
};

TEST_F(ReportTest, ShowsEveryRunItsNumbersAndTheirProtocol) {
  write_run("first", "none");
  write_run("second <b>", "direct");
  const std::string html = run_report(
      "A title", {read_results(folder_ / "first"), read_results(folder_ / "second <b>")}, folder_ / "figures");
  for (const char* expected :
       {"81.25 %", "1.9 of 3", "1 min 5 s", "second &lt;b&gt;",
        "linear probe, L-BFGS, on the representation; data set, seed 3",
        "covariance of 50 test images of set, centred, rows not normalised", "2 runs on set, encoder tiny",
        "id=\"figure-representation\"", "id=\"figure-over-time-loss\""}) {
    EXPECT_NE(html.find(expected), std::string::npos) << expected;
  }
  EXPECT_EQ(html.find("second <b>"), std::string::npos);
  EXPECT_NE(html.find("\"run first (no projector)\""), std::string::npos) << "in the key of a figure";
  EXPECT_NE(
      run_report("", {read_results(folder_ / "first")}, folder_ / "figures").find("<h1>Run first (no projector)</h1>"),
      std::string::npos);
  for (const char* outside : {"src=\"http", "href=\"http", "url(http", "@import"}) {
    EXPECT_EQ(html.find(outside), std::string::npos) << outside << ": the page stands alone";
  }
  EXPECT_TRUE(std::filesystem::exists(folder_ / "figures/representation.gp"));
}

TEST_F(ReportTest, SaysPerRunWhatDiffersAndClaimsNothingOfBoth) {
  write_run("first", "none");
  write_run("second", "none");
  const auto config = folder_ / "second" / "config.toml";
  std::string text = read_file(config);
  text.replace(text.find("\"set\""), 5, "\"other\"");
  text.replace(text.find("\"tiny\""), 6, "\"large\"");
  write_file(config, text);
  const std::string html =
      run_report("A title", {read_results(folder_ / "first"), read_results(folder_ / "second")}, folder_ / "figures");
  EXPECT_EQ(html.find("2 runs on"), std::string::npos);
  EXPECT_EQ(html.find("classifies best"), std::string::npos) << "accuracies of other images";
  EXPECT_NE(
      run_report("A title", {read_results(folder_ / "first"), read_results(folder_ / "first")}, folder_ / "figures")
          .find("classifies best"),
      std::string::npos);
  EXPECT_NE(html.find("<p>2 runs. "), std::string::npos);
  EXPECT_NE(html.find("<th>run</th><th>data</th><th>encoder</th>"), std::string::npos);
  EXPECT_NE(html.find("<td>first</td><td>set</td><td>tiny</td>"), std::string::npos);
  EXPECT_NE(html.find("<td>second</td><td>other</td><td>large</td>"), std::string::npos);
  EXPECT_NE(html.find("<li>second: linear probe, L-BFGS, on the representation; data other, seed 3</li>"),
            std::string::npos);
}

// Methods of one name have one colour, so the second run has another, in whichever figures it is.
TEST_F(ReportTest, GivesARunOneColourInAllItsFigures) {
  write_run("none0", "none");
  write_run("none1", "none");
  std::vector<RunResults> runs = {read_results(folder_ / "none0"), read_results(folder_ / "none1")};
  runs[0].metrics["rank_z"] = {{1}, {2}};
  runs[1].metrics["rank_z"] = {{1, 2}, {2, 3}};  // which the first has no curve of
  const std::string html = run_report("", runs, folder_ / "page.figures");
  std::map<std::string, std::set<std::string>> colors;
  const std::string open = "<script type=\"application/json\">";
  for (size_t at = 0; (at = html.find(open, at)) != std::string::npos; ++at) {
    const size_t begin = at + open.size();
    const Json figure = Json::parse(html.substr(begin, html.find("</script>", begin) - begin));
    for (const auto& curve : figure.at("series")) {
      if (!curve.contains("dash")) colors[curve.at("name").get<std::string>()].insert(curve.at("color").dump());
    }
  }
  ASSERT_EQ(colors.size(), 2U) << html;
  for (const auto& [name, seen] : colors) EXPECT_EQ(seen.size(), 1U) << name;
  EXPECT_NE(colors.begin()->second, colors.rbegin()->second);
  EXPECT_NE(html.find("in the folder page.figures, as svg"), std::string::npos);
}

TEST_F(ReportTest, TellsRunsOfOneNameApart) {
  std::vector<RunResults> runs(3);
  runs[0].name = runs[1].name = "run";
  runs[0].path = "a/run";
  runs[1].path = "b/run";
  runs[2].name = "other";
  tell_apart(runs);
  EXPECT_EQ(runs[0].name, "a/run");
  EXPECT_EQ(runs[1].name, "b/run");
  EXPECT_EQ(runs[2].name, "other");
}

TEST_F(ReportTest, NamesADamagedResultFile) {
  write_run("first", "none");
  for (const auto& [name, content] : std::vector<std::pair<std::string, std::string>>{
           {"probe.json", "{\"top1\": "},
           {"probe.json", "[]"},
           {"knn.json", "{\"top1\": \"high\"}"},
           {"DONE", "7"},
           {"spectrum/representation.json", "[]"},
           {"environment.json", "null and void"},
           {"metrics.jsonl", "{\"step\": 1, \"loss\": 3}\n{\"step\": 2, \"lo\n{\"step\": 3, \"loss\": 1}\n"},
           {"metrics.jsonl", "{\"step\": \"one\"}\n"},
           {"metrics.jsonl", "3\n"},
           {"spectra.jsonl", "{}\n"}}) {
    const auto file = folder_ / "first" / name;
    const std::string before = std::filesystem::exists(file) ? read_file(file) : "";
    write_file(file, content);
    const std::string said = test::error_of([&] { read_results(folder_ / "first"); });
    EXPECT_NE(said.find("first/" + name + ": damaged result file"), std::string::npos) << content << ": " << said;
    before.empty() ? static_cast<void>(std::filesystem::remove(file)) : write_file(file, before);
  }
  for (const char* name : {"probe.json", "spectrum/representation.json"}) {
    const auto file = folder_ / "first" / name;
    const std::string before = read_file(file);
    write_file(file, R"({"version": 99})");
    const std::string said = test::error_of([&] { read_results(folder_ / "first"); });
    EXPECT_NE(said.find(std::string(name) + ": was written by a later version"), std::string::npos) << said;
    write_file(file, before);
  }
  EXPECT_THROW(read_results(folder_ / "nothing"), InputError);
}

}  // namespace
}  // namespace directclr::report
