#include "directclr/report/figure_html.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/report/palette.h"
#include "tests/support/temporary_folder.h"

namespace directclr::report {
namespace {

using Kind = AxisScale::Kind;

TEST(AxisScale, IsChosenByTheSpanOfTheValues) {
  EXPECT_EQ(scale_of({1, 2, 99}).kind, Kind::kLinear);
  EXPECT_EQ(scale_of({1, 2, 100}).kind, Kind::kLog);
  EXPECT_EQ(scale_of({1, NAN, 1e-5, INFINITY}).kind, Kind::kLog) << "what is not finite does not count";
  EXPECT_EQ(scale_of({-1, 0, 1}).kind, Kind::kLinear);
  EXPECT_EQ(scale_of({}).kind, Kind::kLinear);
  EXPECT_EQ(scale_of({0, 0}).kind, Kind::kLinear);
  std::vector<double> both;
  for (int k = 0; k < 20; ++k) {
    both.push_back(std::pow(10.0, -k / 4.0));
    both.push_back(-std::pow(10.0, -k / 4.0));
  }
  const AxisScale scale = scale_of(both);
  EXPECT_EQ(scale.kind, Kind::kSignedLog);
  EXPECT_NEAR(scale.within, 1e-5, 1e-12) << "the power of ten at or below the smallest tenth";
}

TEST(AxisScale, HasTicksOnBothSidesOfZero) {
  const AxisScale scale{Kind::kSignedLog, 1e-3};
  EXPECT_EQ(signed_ticks(scale, -10, 1, 9),
            (std::vector<double>{-10, -1, -0.1, -0.01, -0.001, 0, 0.001, 0.01, 0.1, 1}));
  EXPECT_EQ(signed_ticks(scale, -0.5, 10, 3), (std::vector<double>{-0.1, -0.001, 0, 0.001, 0.1, 10}))
      << "fewer where there is less room";
}

TEST(Palette, GivesAMethodItsColourOnEveryPage) {
  const auto first = series_colors({"direct", "none", "mlp"});
  const auto second = series_colors({"runs/none", "2-layer MLP", "something", "DirectCLR (d0 = 90)", "another"});
  EXPECT_EQ(first[0], second[3]);
  EXPECT_EQ(first[1], second[0]);
  EXPECT_EQ(first[2], second[1]);
  const auto many = series_colors({"a", "b", "c", "d", "e", "f", "g", "h"});
  EXPECT_EQ(std::set<size_t>(many.begin(), many.end()).size(), kPaletteSize)
      << "each its own, as long as there are some";
  EXPECT_EQ(std::set<size_t>(second.begin(), second.end()).size(), second.size());
  EXPECT_EQ(series_colors(std::vector<std::string>(20, "x")).size(), 20U);
}

Json data_in(const std::string& html) {
  const std::string open = "<script type=\"application/json\">";
  const size_t at = html.find(open) + open.size();
  return Json::parse(html.substr(at, html.find("</script>", at) - at));
}

TEST(FigureHtml, HoldsItsNumbersAndAStillPicture) {
  const test::TemporaryFolder folder;
  Figure figure{"A </script> title", "x", "y"};
  figure.series = {{"a", {1, 2, 3}, {1, NAN, 1000}}, {"b", {1, 2, 5}, {2, 2, 2}}};
  figure.series[1].dashed = true;
  const std::string html = figure_html(figure, folder.path(), "name", "A <caption>");
  EXPECT_NE(html.find("id=\"figure-name\""), std::string::npos);
  EXPECT_NE(html.find("<noscript><svg"), std::string::npos);
  EXPECT_NE(html.find("A &lt;caption&gt;"), std::string::npos);
  const Json data = data_in(html);
  EXPECT_EQ(data.at("title"), "A </script> title");
  EXPECT_EQ(data.at("y").at("scale"), "log");
  EXPECT_EQ(data.at("series")[0].at("from"), 1) << "places that count up need no list";
  EXPECT_EQ(data.at("series")[0].at("y"), Json::parse("[1, null, 1000]"));
  EXPECT_EQ(data.at("series")[1].at("x"), Json::parse("[1, 2, 5]"));
  EXPECT_EQ(data.at("series")[1].at("dash"), "dashed");
  EXPECT_NE(read_file(folder / "name.gp").find("set logscale y"), std::string::npos)
      << "the file beside is drawn alike";
}

TEST(FigureHtml, GivesALongKeyRoomOfItsOwn) {
  const test::TemporaryFolder folder;
  const auto size = [&](size_t curves) {
    Figure figure{"Key", "x", "y"};
    for (size_t i = 0; i < curves; ++i) figure.series.push_back({std::string(50, 'n'), {1, 2, 3}, {1, 2, 3}});
    figure_html(figure, folder.path(), "key", "");
    const std::string script = read_file(folder / "key.gp");
    const size_t at = script.find("size 640,") + 9;
    return std::stoi(script.substr(at));
  };
  EXPECT_EQ(size(2), size(3));
  EXPECT_EQ(size(7), size(3) + 4 * 19);
}

TEST(FigureHtml, MarksPlacesOfACurve) {
  const test::TemporaryFolder folder;
  Figure figure{"Marks", "x", "y"};
  figure.series = {{"a", {1, 2, 3}, {1, 2, 3}}, {"b", {1, 2, 3}, {3, 2, 1}}, {"marked", {2}, {2}}};
  figure.series[2].points = true;
  figure.series[2].color_of = 1;
  const Json data = data_in(figure_html(figure, folder.path(), "marks", ""));
  EXPECT_EQ(data.at("series")[2].at("dash"), "points");
  EXPECT_EQ(data.at("series")[2].at("color"), data.at("series")[1].at("color"));
  EXPECT_NE(read_file(folder / "marks.gp").find("with points pt 7"), std::string::npos);
}

TEST(FigureHtml, DrawsValuesOfBothSignsOverDecades) {
  const test::TemporaryFolder folder;
  Figure figure{"Signs", "x", "y"};
  figure.series = {{"a", {1, 2, 3, 4}, {100, 0.01, -0.01, -100}}};
  EXPECT_EQ(data_in(figure_html(figure, folder.path(), "signs", "")).at("y").at("scale"), "symlog");
  EXPECT_NE(read_file(folder / "signs.gp").find("set nonlinear y via asinh(y/0.02)"), std::string::npos);
  EXPECT_NE(read_file(folder / "signs.svg").find("<path"), std::string::npos) << "gnuplot understands it";
}

TEST(FilmHtml, TakesSoManyStepsWithTheFirstAndTheLast) {
  const test::TemporaryFolder folder;
  spectrum::SpectraLog log;
  log.r_dimensions = 3;
  for (int64_t step = 0; step < 500; ++step) {
    log.steps.push_back(step * 10);
    log.r.push_back({1.23456, -1, step == 499 ? -INFINITY : -2});
  }
  const Json data = data_in(film_html(log, "Film", 3, 1e-4, folder.path(), "film", "", 50));
  EXPECT_EQ(data.at("color"), 3);
  ASSERT_EQ(data.at("steps").size(), 50U);
  EXPECT_EQ(data.at("steps")[0], 0);
  EXPECT_EQ(data.at("steps")[49], 4990);
  const Json& layer = data.at("layers").at("representation r");
  EXPECT_EQ(layer.at("ranks"), Json::parse("[1, 2, 3]"));
  EXPECT_EQ(layer.at("values")[0], Json::parse("[1.23, -1, -2]"));
  EXPECT_TRUE(layer.at("values")[49][2].is_null());
  EXPECT_FALSE(data.at("layers").contains("embedding z"));
  log.steps.resize(1);
  EXPECT_EQ(data_in(film_html(log, "Film", 3, 1e-4, folder.path(), "film", "", 50)).at("steps").size(), 1U);
}

}  // namespace
}  // namespace directclr::report
