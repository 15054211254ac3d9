#include "directclr/report/figure_html.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/report/compact_svg.h"
#include "directclr/report/html.h"
#include "directclr/report/palette.h"

namespace directclr::report {
namespace {

// A picture for readers without scripts that is larger than this stays in its file: pages are to be small.
constexpr size_t kLargestStillPicture = 64'000;

double rounded_for_page(double value) {
  double result = value;
  if (std::isfinite(value)) parse_double(format("%.5g", value), result);
  return result;
}

Json page_numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(rounded_for_page(value));
  return list;
}

Json list_or_null(const std::vector<double>& values) { return values.empty() ? Json() : page_numbers(values); }

// Places 1, 2, 3, .. are not worth their bytes.
bool counts_up(const std::vector<double>& x) {
  for (size_t k = 0; k < x.size(); ++k) {
    if (x[k] != x[0] + static_cast<double>(k)) return false;
  }
  return !x.empty();
}

Json data_of(const Figure& figure) {
  const AxisScale scale = y_scale(figure);
  const char* kinds[] = {"linear", "log", "symlog"};
  Json object = {{"kind", "lines"},
                 {"title", figure.title},
                 {"x", {{"label", figure.x_label}}},
                 {"y", {{"label", figure.y_label}, {"scale", kinds[static_cast<int>(scale.kind)]}}},
                 {"series", Json::array()}};
  if (scale.kind == AxisScale::Kind::kSignedLog) object["y"]["within"] = scale.within;
  if (figure.family) object["family"] = true;
  if (figure.whole_x) object["x"]["whole"] = true;
  const auto colors = colors_of(figure), turns = turns_of(figure);
  const auto members =
      std::count_if(figure.series.begin(), figure.series.end(), [](const Series& s) { return !s.dashed; });
  for (size_t i = 0; i < figure.series.size(); ++i) {
    const Series& s = figure.series[i];
    Json entry = {{"name", s.name}, {"color", colors[i]}, {"y", page_numbers(s.y)}};
    if (counts_up(s.x)) {
      entry["from"] = s.x[0];
    } else {
      entry["x"] = page_numbers(s.x);
    }
    if (!s.low.empty()) {
      entry["low"] = list_or_null(s.low);
      entry["high"] = list_or_null(s.high);
    }
    if (turns[i] % kTurns > 0) entry["dash"] = format("turn%zu", turns[i] % kTurns);  // of page.css
    if (s.dashed) entry["dash"] = "dashed";
    if (s.dotted) entry["dash"] = "dotted";
    if (s.points) entry["dash"] = "points";
    if (figure.family && s.dashed) entry.erase("color");  // drawn like the text
    if (figure.family && !s.dashed) {
      entry["family"] = members < 2 ? 0 : std::min<int64_t>(7, static_cast<int64_t>(i) * 7 / (members - 1));
    }
    object["series"].push_back(std::move(entry));
  }
  return object;
}

Json data_of(const HeatMap& map) {
  Json object = {{"kind", "cells"},
                 {"title", map.title},
                 {"x_label", map.x_label},
                 {"y_label", map.y_label},
                 {"value_label", map.value_label},
                 {"columns", map.columns},
                 {"rows", map.rows},
                 {"crossed", map.crossed},
                 {"low", map.low},
                 {"high", map.high},
                 {"values", Json::array()}};
  for (size_t r = 0; r < map.rows.size(); ++r) {
    const auto begin = map.values.begin() + static_cast<std::ptrdiff_t>(r * map.columns.size());
    object["values"].push_back(page_numbers({begin, begin + static_cast<std::ptrdiff_t>(map.columns.size())}));
  }
  return object;
}

// Text inside <script> ends at the first "</": no "<" stands in it.
std::string safe_in_script(const std::string& json) {
  std::string result;
  for (const char c : json) {
    if (c == '<') {
      result += "\\u003c";
    } else {
      result += c;
    }
  }
  return result;
}

template <class Drawn>
std::string still_picture(const Drawn& drawn, const std::filesystem::path& directory, const std::string& name) {
  if (directory.empty()) return "";
  const std::string svg = compact_svg(write_figure(drawn, directory, name));
  if (svg.size() > kLargestStillPicture) {
    return "<p>Without scripts this picture is too large for the page: it is the file " + escape(name) + ".svg.</p>";
  }
  return inline_svg(svg, name);
}

std::string interactive(const Json& data, const std::string& still, const std::string& name,
                        const std::string& caption) {
  return "<figure class=\"plot\" id=\"figure-" + name + "\"><script type=\"application/json\">" +
         safe_in_script(data.dump()) + "</script><noscript>" + still + "</noscript>" +
         (caption.empty() ? "" : "<figcaption>" + escape(caption) + "</figcaption>") + "</figure>\n";
}

// At most so many places of `count`, at equal distances, with the first and the last.
std::vector<size_t> spread_places(size_t count, size_t most) {
  std::vector<size_t> places;
  const size_t taken = std::min(count, std::max<size_t>(most, 2));
  for (size_t i = 0; i < taken; ++i) places.push_back(taken < 2 ? 0 : i * (count - 1) / (taken - 1));
  return places;
}

Json layer_data(const std::vector<std::vector<double>>& spectra, int64_t dimensions,
                const std::vector<size_t>& places) {
  Json object = {{"dimensions", dimensions}, {"ranks", Json::array()}, {"values", Json::array()}};
  for (const int64_t rank : spectrum::logged_ranks(dimensions)) object["ranks"].push_back(rank + 1);
  for (const size_t place : places) {
    Json list = Json::array();
    for (const double value : spectra[place])
      list.push_back(std::isfinite(value) ? std::round(value * 100) / 100 : value);
    object["values"].push_back(std::move(list));
  }
  return object;
}

HeatMap still_map(const std::string& title, const std::vector<std::vector<double>>& spectra,
                  const std::vector<int64_t>& steps, int64_t dimensions) {
  constexpr size_t kColumns = 40, kRows = 32;
  HeatMap map{title, "step", "rank", "log10 of the eigenvalue"};
  const auto columns = spread_places(steps.size(), kColumns);
  const auto ranks = spectrum::logged_ranks(dimensions);
  const auto rows = spread_places(ranks.size(), kRows);
  for (const size_t c : columns) map.columns.push_back(std::to_string(steps[c]));
  for (const size_t r : rows) {
    map.rows.push_back(std::to_string(ranks[r] + 1));
    for (const size_t c : columns) map.values.push_back(std::isfinite(spectra[c][r]) ? spectra[c][r] : NAN);
  }
  return map;
}

}  // namespace

std::string figure_html(const Figure& figure, const std::filesystem::path& directory, const std::string& name,
                        const std::string& caption) {
  return interactive(data_of(figure), still_picture(figure, directory, name), name, caption);
}

std::string figure_html(const HeatMap& map, const std::filesystem::path& directory, const std::string& name,
                        const std::string& caption) {
  return interactive(data_of(map), still_picture(map, directory, name), name, caption);
}

std::string film_html(const spectrum::SpectraLog& log, const std::string& title, size_t color, double dead_below,
                      const std::filesystem::path& directory, const std::string& name, const std::string& caption,
                      size_t most) {
  const auto places = spread_places(log.steps.size(), most);
  Json data = {
      {"kind", "film"}, {"title", title}, {"color", color}, {"dead_below", dead_below}, {"steps", Json::array()}};
  for (const size_t place : places) data["steps"].push_back(log.steps[place]);
  data["layers"] = {{"representation r", layer_data(log.r, log.r_dimensions, places)}};
  const auto still_of = [&](const char* layer, const auto& spectra, int64_t dimensions, const std::string& file) {
    return still_picture(still_map(title + ", " + layer, spectra, log.steps, dimensions), directory, file);
  };
  std::string still = still_of("r", log.r, log.r_dimensions, name);
  if (!log.z.empty()) {
    data["layers"]["embedding z"] = layer_data(log.z, log.z_dimensions, places);
    still += still_of("z", log.z, log.z_dimensions, name + "-z");
  }
  return interactive(data, still, name, caption);
}

}  // namespace directclr::report
