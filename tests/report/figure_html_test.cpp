#include "directclr/report/figure_html.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/report/compact_svg.h"
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

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

TEST(FigureHtml, HoldsALargeStillPictureToo) {
  const test::TemporaryFolder folder;
  // The spectra of four networks of 2,048 directions, each with its band.
  Figure lines{"Spectra", "rank", "value", true};
  for (int curve = 0; curve < 4; ++curve) {
    Series series{"curve " + std::to_string(curve), {}};
    for (int k = 1; k <= 2048; ++k) {
      series.x.push_back(k);
      series.y.push_back(std::exp(-k / (300.0 + 100 * curve)));
      series.low.push_back(0.9 * series.y.back());
      series.high.push_back(1.1 * series.y.back());
    }
    lines.series.push_back(std::move(series));
  }
  const std::string drawn = figure_html(lines, folder.path(), "lines", "");
  EXPECT_GT(std::filesystem::file_size(folder / "lines.svg"), 100'000U) << "the file holds every point";
  EXPECT_NE(drawn.find("<noscript><svg"), std::string::npos);

  std::vector<double> values;
  for (int k = 0; k < 48 * 48; ++k) values.push_back(k % 49);
  const HeatMap map = matrix_map("Cells", "x", "y", 48, values);
  const std::string cells = figure_html(map, folder.path(), "cells", "");
  EXPECT_GT(std::filesystem::file_size(folder / "cells.svg"), 100'000U);
  ASSERT_NE(cells.find("<noscript><svg"), std::string::npos);
  EXPECT_NE(read_file(folder / "cells.gp").find("\"40\" 40"), std::string::npos) << "every eighth has its name";

  Figure marks{"Marks", "x", "y"};
  marks.series = {{"marks", {}, {}}};
  for (int k = 0; k < 1000; ++k) {
    marks.series[0].x.push_back(k);
    marks.series[0].y.push_back(k % 7);
  }
  marks.series[0].points = true;
  EXPECT_NE(figure_html(marks, folder.path(), "marks", "").find("<noscript><svg"), std::string::npos);
}

TEST(CompactSvg, IsTheSameToTheEye) {
  const auto same = [](const std::string& svg, const std::string& expected) {
    EXPECT_EQ(compact_svg(svg), expected + "\n");
  };
  same("<path stroke='black'  d='M10.00,20.00 L11.00,20.01 L12.00,20.00 \n\tL13.00,25.00  M1.00,2.00 L3.50,2.00 '/>",
       "<path stroke='black'  d='M10 20L12 20L13 25M1 2L3.5 2'/>");
  // What bends by more than a third of a pixel stays, however many points there are.
  std::string bent = "<path d='M0.00,0.00 ", kept = "<path d='M0 0";
  for (int k = 1; k < 300; ++k) {
    bent += "L" + std::to_string(k) + ".00," + std::to_string(k % 2) + ".00 ";
    kept += "L" + std::to_string(k) + " " + std::to_string(k % 2);
  }
  same(bent + "'/>", kept + "'/>");
  same("<path d='M612.69,58.51 '/>", "<path d='M612.7 58.5'/>");  // nothing is seen of a point
  same("<path id='mark' d='M-1,0 h2 M0,-1 v2'/>", "<path id='mark' d='M-1,0 h2 M0,-1 v2'/>");
  const std::string cell = "<polygon fill = 'rgb(  1,   2,   3)' points = ";
  same(cell + "'0.00,9.00 5.00,9.00 5.00,4.50 0.00,4.50 '/>\n" + cell +
           "'5.00,9.00 7.00,9.00 7.00,4.50 5.00,4.50 '/>\n</g>",
       "<g fill='none' stroke-width='4.5' stroke-linecap='butt'>\n<path stroke='#010203' d='M0 6.8h5.2M5 "
       "6.8h2.2'/>\n</g>\n</g>");
  const std::string slanted = cell + "'0.00,9.00 5.00,9.00 6.00,4.50 0.00,4.50 '/>";
  same(slanted, slanted);
  same("<use xlink:href='#gpPt6' transform='translate(8.40,2.00) scale(2.92)' color='red'/>\n</g>",
       "<g fill='none' stroke-width='5.8' stroke-linecap='round'>\n<path stroke='red' d='M8.4 2h0'/>\n</g>\n</g>");
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

TEST(FilmHtml, HasItsStillPicturesOfBothLayers) {
  const test::TemporaryFolder folder;
  spectrum::SpectraLog log;
  log.r_dimensions = log.z_dimensions = 512;
  const size_t ranks = spectrum::logged_ranks(512).size();
  for (int64_t step = 0; step < 200; ++step) {
    log.steps.push_back(step);
    log.r.emplace_back();
    for (size_t k = 0; k < ranks; ++k)
      log.r.back().push_back(-0.01 * static_cast<double>(k * static_cast<size_t>(step)));
    log.z.push_back(log.r.back());
  }
  const std::string html = film_html(log, "Film", 3, 1e-4, folder.path(), "film", "");
  const size_t from = html.find("<noscript>"), to = html.find("</noscript>");
  EXPECT_EQ(count_of(html.substr(from, to - from), "<svg"), 2U);
}

}  // namespace
}  // namespace directclr::report
