#include "directclr/paper/suite_page.h"

#include <algorithm>

#include "directclr/core/text.h"
#include "directclr/paper/scale.h"
#include "directclr/report/html.h"

namespace directclr::paper {
namespace {

using report::escape;

constexpr const char* kReading =
    "Intervals are 95 % percentile bootstraps of the mean over seeds, too narrow for two or three seeds. P(a > b) is "
    "the "
    "probability that the mean difference is above 0, from the paired differences over seeds (Student's t); it says "
    "nothing about other data or settings. The paper's figures are its own, on ImageNet with ResNet-50: they stand "
    "beside ours for the order, not for the size.";

// What the numbers are of: the first thing to know.
std::string protocol(const SuiteResults& results) {
  return "Scale " + results.scale + " (" + scale_named(results.scale).purpose + "). " + results.protocol();
}

// How they came about, line by line.
std::vector<std::string> origin(const SuiteResults& results) {
  double training = 0, evaluation = 0;
  int64_t good = 0;
  for (const auto& run : results.runs) {
    training += run.train_seconds;
    evaluation += run.evaluation_seconds;
    good += run.good() ? 1 : 0;
  }
  std::vector<std::string> lines = {
      kReading,
      format("%lld of %zu runs finished; %s of training and %s of evaluation, were they one after the other.",
             static_cast<long long>(good), results.runs.size(), format_duration(training).c_str(),
             format_duration(evaluation).c_str()),
      "directclr " + results.version + ", libtorch " + value_of(results.machine, "libtorch") + ", " +
          value_of(results.machine, "processor") + ", " + value_of(results.machine, "device") + ", " +
          value_of(results.machine, "precision") + ", threads a run: " + value_of(results.machine, "threads") + "."};
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

const std::string kTitle = "The paper's tables and figures, as obtained here";

}  // namespace

std::string suites_text(const SuiteResults& results, const std::vector<SuiteResult>& suites) {
  std::string text = protocol(results) + "\n\n";
  for (const auto& suite : suites) {
    text += suite.title + "\n";
    for (const auto& table : suite.tables) {
      if (!table.caption.empty()) text += "  " + table.caption + "\n";
      text += text_table(table.rows);
    }
    text += "  The paper: " + suite.paper + "\n";
    for (const auto& finding : suite.findings) text += "  Here: " + finding + "\n";
    text += "\n";
  }
  for (const auto& line : origin(results)) text += line + "\n";
  return text;
}

std::string suites_markdown(const SuiteResults& results, const std::vector<SuiteResult>& suites) {
  std::string text = "# " + kTitle + "\n\n" + protocol(results) + "\n";
  for (const auto& suite : suites) {
    text += "\n## " + suite.title + "\n\n*The paper:* " + suite.paper + "\n";
    for (const auto& table : suite.tables) {
      text += "\n" + (table.caption.empty() ? "" : table.caption + "\n\n") + markdown_table(table.rows);
    }
    if (!suite.findings.empty()) text += "\n*Here:*\n\n";
    for (const auto& finding : suite.findings) text += "- " + finding + "\n";
    for (const auto& drawing : suite.drawings) {
      text += "\n![" + drawing.caption + "](figures/" + drawing.name + ".svg)\n\n*" + drawing.caption + "*\n";
    }
  }
  text += "\n## How these numbers came about\n\n";
  for (const auto& line : origin(results)) text += line + "\n\n";
  return text + "Made by `" + results.made_by + "`.\n";
}

std::string suites_html(const SuiteResults& results, const std::vector<SuiteResult>& suites) {
  std::string body =
      "<h1>" + kTitle +
      "</h1>\n<p>&ldquo;Understanding Dimensional Collapse in Contrastive "
      "Self-supervised Learning&rdquo; (Jing, Vincent, LeCun, Tian, ICLR 2022). r is the representation, "
      "the encoder's output; the projector makes of it the embedding z, which the loss sees.</p>\n<p>" +
      escape(protocol(results)) + "</p>\n";
  for (const auto& suite : suites) {
    body += "<h2 id=\"" + suite.name + "\">" + escape(suite.title) + "</h2>\n<p><b>The paper:</b> " +
            escape(suite.paper) + "</p>\n";
    for (const auto& table : suite.tables) {
      if (!table.caption.empty()) body += "<p>" + escape(table.caption) + "</p>\n";
      body += report::table(escaped(table.rows));
    }
    if (!suite.findings.empty()) body += "<p><b>Here:</b></p>\n<ul>";
    for (const auto& finding : suite.findings) body += "<li>" + escape(finding) + "</li>";
    if (!suite.findings.empty()) body += "</ul>\n";
    for (const auto& drawing : suite.drawings) {
      body += "<figure id=\"figure-" + drawing.name + "\">" + report::inline_svg(drawing.svg, drawing.name) +
              "<figcaption>" + escape(drawing.caption) + "</figcaption></figure>\n";
    }
  }
  body += "<h2>How these numbers came about</h2>\n";
  for (const auto& line : origin(results)) body += "<p>" + escape(line) + "</p>\n";
  body += "<p class=\"note\">" + escape(results.made_by) + "</p>\n";
  return report::page(kTitle, body);
}

}  // namespace directclr::paper
