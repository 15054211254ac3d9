#include "directclr/experiment/page.h"

#include <algorithm>

#include "directclr/core/text.h"
#include "directclr/experiment/scale.h"
#include "directclr/experiment/suite_answer.h"
#include "directclr/report/html.h"

namespace directclr::experiment {
namespace {

using report::escape;

constexpr const char* kReading =
    "Intervals are 95 % percentile bootstraps of the mean over seeds, too narrow for two or three seeds. P(a > b) is "
    "the probability that the mean difference is above 0, from the paired differences over seeds (Student's t); it "
    "says nothing about other data or settings, and of fewer than three seeds it is not given (a dash, or unknown).";

// What the numbers are of: the first thing to know.
std::string protocol(const Results& results) {
  if (results.scale.empty()) return results.protocol();
  return "Scale " + results.scale + " (" + scales().at(results.scale).help + "). " + results.protocol();
}

// How they came about, line by line.
std::vector<std::string> origin(const Results& results, const PageHead& head) {
  double training = 0, evaluation = 0;
  int64_t good = 0;
  for (const auto& run : results.runs) {
    training += run.train_seconds;
    evaluation += run.evaluation_seconds;
    good += run.good() ? 1 : 0;
  }
  std::vector<std::string> lines = {
      kReading + (head.reading.empty() ? "" : " " + head.reading),
      format("%lld of %zu runs finished; %s of training and %s of evaluation, were they one after the other.",
             static_cast<long long>(good), results.runs.size(), format_duration(training).c_str(),
             format_duration(evaluation).c_str())};
  if (good > 0) {
    lines.push_back("directclr " + results.version + ", libtorch " + value_of(results.machine, "libtorch") + ", " +
                    value_of(results.machine, "processor") + ", " + value_of(results.machine, "device") + ", " +
                    value_of(results.machine, "precision") +
                    ", threads a run: " + value_of(results.machine, "threads") + ".");
  }
  for (const auto& run : results.runs) {
    if (!run.good() && run.problem != kNotRun) lines.push_back("Failed: " + run.id + ": " + run.problem);
  }
  return lines;
}

// Letters, not bytes.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    text += "  ";
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string gap(widths[i] - width_of(row[i]), ' ');
      text += i == 0 ? row[i] + gap : "  " + gap + row[i];
    }
    text += "\n";
  }
  return text;
}

std::string markdown_table(const std::vector<std::vector<std::string>>& rows) {
  std::string text;
  for (size_t r = 0; r < rows.size(); ++r) {
    text += "| " + join(rows[r], " | ") + " |\n";
    if (r == 0) {
      text += "|";
      for (size_t i = 0; i < rows[0].size(); ++i) text += i == 0 ? "---|" : "--:|";
      text += "\n";
    }
  }
  return text;
}

std::vector<std::vector<std::string>> escaped(std::vector<std::vector<std::string>> rows) {
  for (auto& row : rows) {
    for (auto& cell : row) cell = escape(cell);
  }
  return rows;
}

// The picture of the first screen: the spectra of the representation, of as many ways to train as one picture has; else
// the first that there is.
const Drawing* first_drawing(const std::vector<Section>& sections) {
  const Drawing* first = nullptr;
  int64_t most = -1;
  for (const auto& section : sections) {
    for (const auto& drawing : section.drawings) {
      const int64_t curves = drawing.of == "representation" ? drawing.curves : 0;
      if (curves <= most) continue;
      first = &drawing;
      most = curves;
    }
  }
  return first;
}

}  // namespace

std::string page_text(const Results& results, const std::vector<Section>& sections, const PageHead& head) {
  std::string text = protocol(results) + "\n\n";
  for (const auto& section : sections) {
    text += section.title + "\n";
    for (const auto& table : section.tables) {
      if (!table.caption.empty()) text += "  " + table.caption + "\n";
      text += text_table(table.rows);
    }
    if (!section.published.empty()) text += "  The paper: " + section.published + "\n";
    for (const auto& finding : section.findings) text += "  Here: " + finding + "\n";
    text += "\n";
  }
  for (const auto& line : origin(results, head)) text += line + "\n";
  return text;
}

std::string page_markdown(const Results& results, const std::vector<Section>& sections, const PageHead& head) {
  std::string text = "# " + head.title + "\n\n" + protocol(results) + "\n";
  for (const auto& section : sections) {
    text += "\n## " + section.title + "\n" +
            (section.published.empty() ? "" : "\n*The paper:* " + section.published + "\n");
    for (const auto& table : section.tables) {
      text += "\n" + (table.caption.empty() ? "" : table.caption + "\n\n") + markdown_table(table.rows);
    }
    if (!section.findings.empty()) text += "\n*Here:*\n\n";
    for (const auto& finding : section.findings) text += "- " + finding + "\n";
    for (const auto& drawing : section.drawings) {
      text += "\n![" + drawing.caption + "](figures/" + drawing.name + ".svg)\n\n*" + drawing.caption + "*\n";
    }
  }
  text += "\n## How these numbers came about\n\n";
  for (const auto& line : origin(results, head)) text += line + "\n\n";
  return text + "Made by `" + results.made_by + "`.\n";
}

std::string page_html(const Results& results, const std::vector<Section>& sections, const PageHead& head) {
  report::Answer answer = suite_answer(results);
  const Drawing* first = first_drawing(sections);
  if (first) answer.picture = first->html;
  std::string body = report::answer_html(head.title, answer);
  if (!head.introduction.empty()) body += "<p>" + head.introduction + "</p>\n";
  const bool says_how_sure = std::any_of(sections.begin(), sections.end(), [](const auto& section) {
    return std::any_of(section.findings.begin(), section.findings.end(),
                       [](const auto& finding) { return finding.starts_with("P("); });
  });
  if (says_how_sure) {
    body +=
        "<p class=\"note\">P(a &gt; b): how probable it is, by the runs' differences, that a has more than b. Near "
        "1: sure; near 0.5: nothing is known; near 0: b has more. Numbers behind &plusmn; are standard deviations over "
        "seeds.</p>\n";
  }
  for (const auto& section : sections) {
    body += "<h2 id=\"" + section.name + "\">" + escape(section.title) + "</h2>\n";
    if (!section.findings.empty()) body += "<ul>";
    for (const auto& finding : section.findings) body += "<li>" + escape(finding) + "</li>";
    if (!section.findings.empty()) body += "</ul>\n";
    if (!section.published.empty()) body += "<p><b>The paper:</b> " + escape(section.published) + "</p>\n";
    for (const auto& table : section.tables) {
      if (!table.caption.empty()) body += "<p>" + escape(table.caption) + "</p>\n";
      body += report::table(escaped(table.rows));
    }
    body += "<div class=\"pair\">\n";
    for (const auto& drawing : section.drawings) {
      if (&drawing != first) body += drawing.html;
    }
    body += "</div>\n";
  }
  std::string method = "<p>" + escape(protocol(results)) + "</p>\n";
  for (const auto& line : origin(results, head)) method += "<p>" + escape(line) + "</p>\n";
  body += report::folded("How these numbers came about", method);
  body += "<p class=\"note\">" + escape(results.made_by) + "</p>\n";
  return report::page(head.title, body);
}

}  // namespace directclr::experiment
