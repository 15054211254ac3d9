#include "directclr/paper/theory_page.h"

#include <algorithm>
#include <utility>

#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/report/answer.h"
#include "directclr/report/html.h"

namespace directclr::paper {
namespace {

using report::escape;
using theory::Check;

// The measure that comes nearest to its tolerance.
const theory::Measure& tightest(const Check& check) {
  return *std::max_element(check.measures.begin(), check.measures.end(), [](const auto& a, const auto& b) {
    const auto use = [](const theory::Measure& m) { return m.deviation / std::max(m.tolerance, 1e-300); };
    return use(a) < use(b);
  });
}

size_t count_holding(const std::vector<Check>& checks) {
  return static_cast<size_t>(std::count_if(checks.begin(), checks.end(), [](const Check& c) { return c.holds(); }));
}

// "16 of the paper's theory and 2 beyond it".
std::string whose(const std::vector<Check>& checks) {
  const auto papers = std::count_if(checks.begin(), checks.end(), [](const Check& c) { return c.in_paper; });
  const auto beyond = static_cast<std::ptrdiff_t>(checks.size()) - papers;
  if (beyond == 0) return "all of the paper's theory";
  if (papers == 0) return "all beyond the paper's theory";
  return format("%td of the paper's theory and %td beyond it", papers, beyond);
}

std::string summary(const std::vector<Check>& checks) {
  return format("%zu of %zu statements hold, each with its assumptions shown to be needed", count_holding(checks),
                checks.size());
}

std::string number(double value) { return format("%.1e", value); }

std::string checks_section(const std::vector<Check>& checks) {
  std::vector<std::vector<std::string>> rows = {{"statement", "verdict", "largest deviation", "tolerance"}};
  for (const auto& check : checks) {
    const auto& m = tightest(check);
    rows.push_back({"<a href=\"#" + check.name + "\">" + escape(check.title) + "</a><br>" + escape(check.statement),
                    check.holds() ? "holds" : "<b>does not hold</b>", number(m.deviation), number(m.tolerance)});
  }
  std::string html = "<h2>Statements</h2>\n<p>" + summary(checks) + ".</p>\n" + report::table(rows);
  for (const auto& check : checks) {
    // The id is inside, so that a browser that goes there opens the details.
    html += "<details><summary>" + escape(check.title) + "</summary>\n<p id=\"" + check.name + "\">" +
            escape(check.statement) + "</p><pre>" + escape(check.formula) + "</pre>\n";
    std::vector<std::vector<std::string>> measures = {{"measured", "largest deviation", "tolerance"}};
    for (const auto& m : check.measures) measures.push_back({escape(m.what), number(m.deviation), number(m.tolerance)});
    html += report::table(measures);
    if (!check.counterexamples.empty()) {
      std::vector<std::vector<std::string>> failing = {
          {"fails without this assumption, as it should", "smallest deviation", "at least"}};
      for (const auto& c : check.counterexamples) {
        failing.push_back({escape(c.without), number(c.deviation), number(c.at_least)});
      }
      html += report::table(failing);
    }
    if (!check.remark.empty()) html += "<p>" + escape(check.remark) + "</p>\n";
    html += "</details>\n";
  }
  return html;
}

// Without the drawing of that name.
std::string figure_section(const FigureResult& figure, const std::string& taken) {
  std::string html = "<h2>" + escape(figure.title) + "</h2>\n<p>" + escape(figure.reading) + "</p>\n<ul>";
  for (const auto& claim : figure.claims) {
    html += "<li>" + escape(claim.text) + ": <b>" + (claim.shown ? "shown" : "not shown") + "</b> (" +
            escape(claim.evidence) + ").</li>";
  }
  for (const auto& remark : figure.remarks) html += "<li>" + escape(remark) + "</li>";
  html += "</ul>\n<div class=\"pair\">\n";
  for (const auto& drawing : figure.drawings) {
    if (drawing.name != taken) html += drawing.html;
  }
  return html + "</div>\n<p class=\"note\">" + escape(figure.protocol) + "</p>\n";
}

// All claims under the figures, and those that these runs show.
std::pair<size_t, size_t> claims_shown(const std::vector<FigureResult>& figures) {
  size_t shown = 0, all = 0;
  for (const auto& figure : figures) {
    for (const auto& claim : figure.claims) {
      ++all;
      shown += claim.shown ? 1 : 0;
    }
  }
  return {shown, all};
}

report::Answer theory_answer(const std::vector<Check>& checks, const std::vector<FigureResult>& figures) {
  report::Answer answer;
  const size_t holding = count_holding(checks);
  const auto [shown, claims] = claims_shown(figures);
  const bool all = holding == checks.size();
  answer.sentence =
      (all ? format("The numerical checks of all %zu statements passed", checks.size())
           : format("The numerical checks of %zu of %zu statements failed", checks.size() - holding, checks.size())) +
      " (" + whose(checks) + ").";
  answer.mood = all ? "good" : "bad";
  answer.number = format("%zu of %zu", holding, checks.size());
  answer.counts = "statements passed, each with its assumptions shown to be needed";
  answer.terms =
      "This checks the theory, not your run. Linear contrastive models in float64: Sections 4 and 5, Appendices A to C "
      "of Jing, Vincent, LeCun and Tian, ICLR 2022. k: the strength of the augmentation noise.";
  answer.no_advice =
      "Go on to your own run with `directclr explain RUN`: it looks for the two causes of collapse that are checked "
      "here, augmentation stronger than the data and layers that align.";
  for (const auto& check : checks) {
    if (!check.holds()) answer.advice.push_back("Look at \"" + check.title + "\" below.");
  }
  answer.questions = {
      {"What makes directions die?",
       "Augmentation that spreads views more than the data spread images (Section 4), and layers that align and then "
       "multiply (Section 5): a direction that is small in both grows last."},
      {"Is that seen in training?",
       format("%zu of %zu claims under the figures below were seen in runs made here.", shown, claims)},
      {"How sure is it?",
       "Where a statement holds, every deviation is within its tolerance. Without one of its assumptions a statement "
       "fails, as it should: this shows that the assumption is needed."}};
  return answer;
}

}  // namespace

std::string checks_text(const std::vector<Check>& checks, bool explain) {
  std::string text;
  for (const auto& check : checks) {
    const auto& m = tightest(check);
    text += format("%-5s  %-13s deviation %.1e, tolerance %.0e  %s\n", check.holds() ? "holds" : "FAILS",
                   check.name.c_str(), m.deviation, m.tolerance, check.title.c_str());
    if (!explain && check.holds()) continue;
    text += "         " + check.statement + "\n         " + check.formula + "\n";
    for (const auto& measure : check.measures) {
      text += format("         %s  %.1e (at most %.0e)  %s\n", measure.holds() ? "ok " : "BAD", measure.deviation,
                     measure.tolerance, measure.what.c_str());
    }
    for (const auto& c : check.counterexamples) {
      text += format("         %s  %.1e (at least %.0e)  fails without %s\n", c.shown() ? "ok " : "BAD", c.deviation,
                     c.at_least, c.without.c_str());
    }
    if (!check.remark.empty()) text += "         Note: " + check.remark + "\n";
  }
  return text + summary(checks) + "\n";
}

std::string checks_json(const std::vector<Check>& checks) {
  Json object = {{"version", 1}, {"holds", count_holding(checks) == checks.size()}};
  object["checks"] = Json::array();
  for (const auto& check : checks) {
    Json entry = {{"name", check.name},
                  {"title", check.title},
                  {"holds", check.holds()},
                  {"statement", check.statement},
                  {"formula", check.formula},
                  {"measures", Json::array()},
                  {"fails_without", Json::array()},
                  {"remark", check.remark}};
    for (const auto& m : check.measures) {
      entry["measures"].push_back({{"what", m.what}, {"deviation", m.deviation}, {"tolerance", m.tolerance}});
    }
    for (const auto& c : check.counterexamples) {
      entry["fails_without"].push_back(
          {{"assumption", c.without}, {"deviation", c.deviation}, {"at_least", c.at_least}});
    }
    object["checks"].push_back(std::move(entry));
  }
  return object.dump(2) + "\n";
}

std::string theory_page(const std::vector<Check>& checks, const std::vector<FigureResult>& figures,
                        const std::string& command_line) {
  constexpr const char* kTitle = "Dimensional collapse in linear contrastive models";
  report::Answer answer = theory_answer(checks, figures);
  std::string taken;
  if (!figures.empty() && !figures.front().drawings.empty()) {
    taken = figures.front().drawings.front().name;
    answer.picture = figures.front().drawings.front().html;
  }
  std::string body = report::answer_html(kTitle, answer);
  for (const auto& figure : figures) body += figure_section(figure, taken);
  body += checks_section(checks);
  body += report::folded(
      "How this was found",
      "<p>The statements are checked numerically in float64, and the paper's toy figures are drawn from runs made on "
      "this machine. A statement <i>holds</i> when every measured deviation is within its tolerance, and when it is "
      "seen "
      "to fail once an assumption is taken away. Claims under the figures are computed from the runs, not written "
      "beforehand.</p>\n");
  body += std::string("<p class=\"note\">directclr ") + directclr::kVersion + ". " + escape(command_line) + "</p>\n";
  return report::page(kTitle, body);
}

}  // namespace directclr::paper
