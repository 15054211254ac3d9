#include "directclr/report/spectrum_page.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/report/advice.h"
#include "directclr/report/answer.h"
#include "directclr/report/figure_html.h"
#include "directclr/report/html.h"
#include "directclr/report/plain_words.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/report/spectrum_text.h"
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

// The fraction of the variance in the first k directions.
Figure cumulative(const Spectra& spectra) {
  Figure figure{"Cumulative explained variance", "directions", "fraction of the variance"};
  figure.whole_x = true;
  for (const auto& curve : spectra) {
    const std::vector<double>& values = curve.values;
    double all = 0, sum = 0;
    for (const double v : values) all += v;
    Series series{curve.name, {}, {}};
    for (size_t k = 0; k < values.size(); ++k) {
      sum += values[k];
      series.x.push_back(static_cast<double>(k + 1));
      series.y.push_back(all > 0 ? sum / all : 0);
    }
    figure.series.push_back(std::move(series));
  }
  return figure;
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

// What a result file says of one input.
struct Input {
  std::string title;
  SpectrumResult result;
};

std::vector<Input> read_inputs(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  std::vector<Input> inputs;
  std::map<std::string, int> times;
  for (const auto& name : names) {
    SpectrumResult result = read_spectrum_result(folder / (name + ".json"));
    inputs.push_back({result.protocol.value("input", name), std::move(result)});
    ++times[inputs.back().title];
  }
  // Of files of one name in several folders the paths.
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Json& protocol = inputs[i].result.protocol;
    if (times[inputs[i].title] > 1) inputs[i].title = protocol.value("file", protocol.value("run", names[i]));
  }
  return inputs;
}

Answer answer_of(const Input& input) {
  const SpectrumResult& s = input.result;
  const HeadNumber head = head_number(s);
  Answer answer{plain_verdict(s, ""), mood_of(s), head.number, head.counts,
                terms_of(s) + " A row is the embedding of one image."};
  answer.advice = advise({.spectrum = &s});
  answer.no_advice = "Nothing needs to change.";
  answer.questions = {
      {kIsItCollapsed, is_it_collapsed(s)},
      {kSinceWhen,
       "One file cannot show this. If you have saved embeddings at several times of a training, give them together: "
       "`directclr spectrum FIRST SECOND .. --out DIR`."},
      {kWhy, "The embeddings alone cannot show this. `directclr explain` looks at the network that made them."},
      {kDoesItHurt,
       "The embeddings alone cannot show this. A linear classifier trained on them with labels does (linear probe; for "
       "a "
       "run `directclr probe RUN`)."},
      {kWhatToChange, mood_of(s) == "good" && answer.advice.empty() ? answer.no_advice : kSeeAdvice}};
  return answer;
}

// Of several: how many have collapsed, and which.
Answer answer_of(const std::vector<Input>& inputs) {
  if (inputs.size() == 1) return answer_of(inputs[0]);
  std::vector<std::string> collapsed;
  std::map<std::string, std::vector<std::string>> open;  // names by why nothing can be told
  std::vector<std::pair<std::string, Evidence>> evidence;
  Answer answer;
  for (const auto& [title, result] : inputs) {
    const std::string mood = mood_of(result);
    if (mood == "bad") collapsed.push_back(title);
    if (mood == "open") open[result.verdict.name()].push_back(title);
    evidence.push_back({title, {.spectrum = &result}});
    answer.questions.push_back({title, plain_verdict(result, "") + " " + own_terms_of(result)});
  }
  answer.advice = advise_all(evidence);
  answer.number = format("%zu of %zu", collapsed.size(), inputs.size());
  answer.counts = std::string("inputs ") + have(static_cast<int64_t>(collapsed.size())) + " collapsed";
  answer.terms = "A row is the embedding of one image. " + dead_text(inputs[0].result);
  answer.mood = !collapsed.empty() ? "bad" : !open.empty() ? "open" : "good";
  answer.sentence = collapsed.empty() ? format("None of %zu inputs has collapsed", inputs.size())
                                      : answer.number + " " + answer.counts + " (" + join(collapsed) + ")";
  for (const auto& [why, titles] : open) answer.sentence += "; " + why + ": " + join(titles);
  answer.sentence += ".";
  if (answer.mood == "good") answer.no_advice = "Nothing needs to change.";
  return answer;
}

// Speaks of what is to be seen there alone.
std::string caption_of(const std::vector<Input>& inputs) {
  const auto any = [&](const auto& what) {
    return std::any_of(inputs.begin(), inputs.end(), [&](const auto& input) { return what(input.result); });
  };
  std::string caption =
      "A direction is one of the independent ways in which the rows differ (an eigenvector of their covariance). The "
      "strongest come first: this is the spectrum.";
  if (any([](const auto& s) { return s.values.front() > 0; })) {
    caption += " A curve that drops below the dashed line of its colour has dead directions.";
  }
  if (any([](const auto& s) { return !(s.values.front() > 0); })) {
    caption += " Of rows that are all the same there is no curve.";
  }
  if (any([](const auto& s) { return s.values.back() <= s.floor; })) {
    caption += " Dotted: what rounding alone can make.";
  }
  return caption;
}

// Which rows the numbers are not of, a paragraph an input.
std::string left_out(const std::vector<Input>& inputs) {
  std::string html;
  for (const auto& [title, result] : inputs) {
    const std::string text = left_out_text(result);
    if (!text.empty()) html += "<p class=\"note\">" + escape(title) + ": " + text + "</p>\n";
  }
  return html;
}

std::string measures_table(const std::vector<Input>& inputs) {
  std::vector<std::vector<std::string>> rows = {{"measure"}};
  for (const auto& [title, result] : inputs) {
    rows[0].push_back(escape(title));
    size_t row = 0;
    for (const auto& [label, value] : rows_of(result)) {
      if (++row == rows.size()) rows.push_back({escape(label)});
      rows[row].push_back(value);
    }
  }
  return table(rows);
}

}  // namespace

void write_spectrum_page(const std::filesystem::path& folder, const std::vector<std::string>& names) {
  const std::vector<Input> inputs = read_inputs(folder, names);
  Spectra spectra;
  std::string protocols;
  std::vector<std::string> titles;
  for (const auto& [title, result] : inputs) {
    titles.push_back(title);
    spectra.push_back({title, result.values, result.floor});
    protocols += escape(Json(protocol_of(result).get<std::map<std::string, Json>>()).dump()) + "\n";  // by name
  }
  const double dead_below = inputs[0].result.lines.dead_below;  // the same for all inputs of one call
  const std::string title =
      "Is it collapsed? " + (titles.size() > 4 ? format("%zu inputs", titles.size()) : join(titles));
  Answer answer = answer_of(inputs);
  answer.picture = figure_html(spectrum_figure("How much varies along each direction", spectra, dead_below), folder,
                               "comparison", caption_of(inputs));
  std::string body = answer_html(title, answer) + left_out(inputs);
  body += folded(
      "How few directions hold the variance",
      figure_html(cumulative(spectra), folder, "cumulative",
                  "The fraction of the variance that the strongest directions explain: a straight line would mean "
                  "that all are alike."));
  body += folded("All measures", measures_table(inputs) +
                                     "<p class=\"note\">What each says, and when it misleads: directclr spectrum "
                                     "--explain.</p>\n");
  body += folded("How they were taken", "<pre>" + protocols + "</pre>");
  body += format(
      "<p class=\"note\">Made by directclr %s from the result files alone. Every figure lies beside this page "
      "as svg, csv and gnuplot script.</p>\n",
      kVersion);
  write_file(folder / "index.html", page(title, body));
}

}  // namespace directclr::report
