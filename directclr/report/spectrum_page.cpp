#include "directclr/report/spectrum_page.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/report/figures.h"
#include "directclr/report/html.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/spectrum/measures.h"

namespace directclr::report {
namespace {

using Spectra = std::vector<SpectrumCurve>;

// `reason`: why there is no value.
std::string number(double value, const std::string& reason) {
  if (!std::isfinite(value)) return reason.empty() ? "none" : "none: " + reason;
  if (value == std::floor(value)) return format("%.0f", value);  // counts have all their digits
  return format("%.4g", value);
}

// The share of the variance in the first k directions.
Figure cumulative(const Spectra& spectra) {
  Figure figure{"Cumulative share of the variance", "directions", "share"};
  for (const auto& [name, values, floor] : spectra) {
    double all = 0, sum = 0;
    for (const double v : values) all += v;
    Series series{name, {}, {}};
    for (size_t k = 0; k < values.size(); ++k) {
      sum += values[k];
      series.x.push_back(static_cast<double>(k + 1));
      series.y.push_back(all > 0 ? sum / all : 0);
    }
    figure.series.push_back(std::move(series));
  }
  return figure;
}

std::string drawn(const Figure& figure, const std::filesystem::path& folder, const std::string& name,
                  const std::string& caption) {
  return "<figure id=\"figure-" + name + "\">" + inline_svg(write_figure(figure, folder, name), name) + "<figcaption>" +
         escape(caption) + "</figcaption></figure>\n";
}

using Rows = std::vector<std::pair<std::string, std::string>>;

// Labels and values of the table.
Rows rows_of(const SpectrumResult& s) {
  Rows rows;
  for (const auto& kind : spectrum::measure_kinds()) {
    rows.emplace_back(kind.name, number(kind.value(s), spectrum::reason_of(kind, s)));
  }
  // What was asked for besides, each kind by name: the same for all inputs of one call.
  const auto add_sorted = [&](Rows further) {
    std::sort(further.begin(), further.end());
    rows.insert(rows.end(), further.begin(), further.end());
  };
  for (const auto* measures : {&s.geometry, &s.compat}) {
    Rows further;
    for (const auto& measure : *measures) further.emplace_back(measure.name, number(measure.value, measure.reason));
    add_sorted(std::move(further));
  }
  Rows errors;
  for (const auto& estimate : s.jackknife) {
    errors.emplace_back("standard error of " + estimate.measure,
                        number(estimate.standard_error, "without some rows there is no value"));
  }
  add_sorted(std::move(errors));
  return rows;
}

}  // namespace

void write_spectrum_page(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::vector<std::vector<std::string>> table_rows = {{"measure"}};
  Spectra spectra;
  double dead_below = 0;
  std::string verdicts, protocols;
  std::vector<SpectrumResult> results;
  std::vector<std::string> titles;
  for (const auto& name : names) {
    results.push_back(read_spectrum_result(folder / (name + ".json")));
    titles.push_back(results.back().protocol.value("input", name));
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const SpectrumResult& result = results[i];
    const Json protocol = protocol_of(result);
    // Of files of one name in several folders the paths.
    const bool alone = std::count(titles.begin(), titles.end(), titles[i]) == 1;
    const std::string title = alone ? titles[i] : protocol.value("file", protocol.value("run", names[i]));
    table_rows[0].push_back(escape(title));
    size_t row = 0;
    for (const auto& [label, value] : rows_of(result)) {
      if (++row == table_rows.size()) table_rows.push_back({escape(label)});
      table_rows[row].push_back(value);
    }
    verdicts += "<li><b>" + escape(title) + ": " + escape(result.verdict.name()) + ".</b> " +
                escape(result.verdict.text) + "</li>\n";
    protocols += escape(Json(protocol.get<std::map<std::string, Json>>()).dump()) + "\n";  // by name
    spectra.push_back({title, result.values, result.floor});
    dead_below = result.lines.dead_below;  // the same for all inputs of one call
  }
  const std::string heading =
      "Is it collapsed? " + (titles.size() > 4 ? format("%zu inputs", titles.size()) : join(titles));
  std::string body = "<h1>" + escape(heading) + "</h1>\n<ul>" + verdicts + "</ul>\n<div class=\"grid\">\n";
  body += drawn(
      spectrum_figure("Spectrum of the covariance", spectra, dead_below), folder, "comparison",
      "Eigenvalues, largest first, logarithmic. Below the dashed line of its colour a curve's directions are dead; "
      "where it would be below what rounding alone makes, a dotted line stands in its place.");
  body += drawn(cumulative(spectra), folder, "cumulative",
                "How few directions hold the variance: a straight line would be all alike.");
  body += "</div>\n<h2>Measures</h2>\n" + table(table_rows) +
          "<p class=\"note\">What each says, and when it misleads: directclr spectrum --explain.</p>\n"
          "<details><summary>How they were taken</summary><pre>" +
          protocols + "</pre></details>\n";
  body += format("<p class=\"note\">Made by directclr %s from the result files alone.</p>\n", kVersion);
  write_file(folder / "index.html", page(heading, body));
}

}  // namespace directclr::report
