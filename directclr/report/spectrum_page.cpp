#include "directclr/report/spectrum_page.h"

#include <map>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/report/figures.h"
#include "directclr/report/html.h"

namespace directclr::report {
namespace {

using Spectra = std::vector<std::pair<std::string, std::vector<double>>>;

std::string number(const Json& value) {
  if (value.is_null()) return "infinite";
  if (value.is_array()) return value.empty() ? "0" : std::to_string(value.size());
  return value.is_number_integer() ? value.dump() : format("%.4g", value.get<double>());
}

// The share of the variance in the first k directions.
Figure cumulative(const Spectra& spectra) {
  Figure figure{"Cumulative share of the variance", "directions", "share"};
  for (const auto& [name, values] : spectra) {
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

constexpr std::pair<const char*, const char*> kRows[] = {
    {"effective_rank_lambda", "effective rank (eigenvalues)"},
    {"effective_rank_sigma", "effective rank (singular values)"},
    {"rankme", "RankMe"},
    {"participation_ratio", "participation ratio"},
    {"stable_rank", "stable rank = NESum"},
    {"cumulative_area", "cumulative area"},
    {"alpha", "alpha, ranks 11 to 100"},
    {"condition_number", "condition number"},
    {"below_1e-4_of_largest", "dead directions (below 1e-4)"},
    {"constant_dimensions", "constant dimensions"},
    {"normalized_std", "normalised standard deviation"},
    {"mean_cosine", "mean cosine to the mean direction"},
};

// Names and values of what was asked for besides, each kind's by name.
std::vector<std::pair<std::string, std::string>> further_rows(const Json& object) {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const char* kind : {"geometry", "compat", "jackknife"}) {
    const Json* found = object.find(kind);
    if (!found) continue;
    for (const auto& [name, value] : found->get<std::map<std::string, Json>>()) {
      const bool error = value.is_object();
      rows.emplace_back((error ? "standard error of " : "") + name, number(error ? value.at("standard_error") : value));
    }
  }
  return rows;
}

}  // namespace

void write_spectrum_page(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::vector<std::vector<std::string>> table_rows = {{"measure"}};
  for (const auto& [key, label] : kRows) table_rows.push_back({label});
  Spectra spectra;
  std::string verdicts, protocols;
  for (const auto& name : names) {
    const auto file = folder / (name + ".json");
    try {
      const Json object = Json::parse(read_file(file));
      const Json& protocol = object.at("protocol");
      const std::string title = protocol.value("input", name);
      table_rows[0].push_back(escape(title));
      size_t row = 0;
      for (const auto& [key, label] : kRows) table_rows[++row].push_back(number(object.at(key)));
      for (const auto& [label, value] : further_rows(object)) {  // the same for all inputs of one call
        if (++row == table_rows.size()) table_rows.push_back({escape(label)});
        table_rows[row].push_back(value);
      }
      verdicts += "<li><b>" + escape(title) + ": " + escape(object.at("verdict").at("kind").get<std::string>()) +
                  ".</b> " + escape(object.at("verdict").at("text").get<std::string>()) + "</li>\n";
      protocols += escape(Json(protocol.get<std::map<std::string, Json>>()).dump()) + "\n";  // by name
      spectra.emplace_back(title, object.at("singular_values").get<std::vector<double>>());
    } catch (const JsonError& error) {
      throw InputError(file.string(), std::string("is damaged: ") + error.what());
    }
  }
  std::string body = "<h1>Is it collapsed?</h1>\n<ul>" + verdicts + "</ul>\n<div class=\"grid\">\n";
  body += drawn(spectrum_figure("Spectrum of the covariance", spectra), folder, "comparison",
                "Eigenvalues, largest first, logarithmic. A curve that falls off a cliff has dead directions.");
  body += drawn(cumulative(spectra), folder, "cumulative",
                "How few directions hold the variance: a straight line would be all alike.");
  body += "</div>\n<h2>Measures</h2>\n" + table(table_rows) +
          "<p class=\"note\">What each says, and when it misleads: directclr spectrum --explain.</p>\n"
          "<details><summary>How they were taken</summary><pre>" +
          protocols + "</pre></details>\n";
  body += format("<p class=\"note\">Made by directclr %s from the result files alone.</p>\n", kVersion);
  write_file(folder / "index.html", page("Is it collapsed?", body));
}

}  // namespace directclr::report
