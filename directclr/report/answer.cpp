#include "directclr/report/answer.h"

#include "directclr/core/text.h"
#include "directclr/report/html.h"

namespace directclr::report {
namespace {

// Options of the command line ("--lr") as code, which does not break at the end of a line.
std::string with_options(const std::string& text) {
  std::vector<std::string> words = split(text, ' ');
  for (auto& word : words) {
    const size_t at = word.find("--");
    const size_t end = word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at == std::string::npos ? 0 : at);
    if (at == std::string::npos || end == at + 2) {
      word = escape(word);
      continue;
    }
    const std::string option = word.substr(at, end == std::string::npos ? end : end - at);
    const std::string rest = end == std::string::npos ? "" : word.substr(end);
    word = escape(word.substr(0, at)) + "<code>" + option + "</code>" + escape(rest);
  }
  return join(words, " ");
}

}  // namespace

std::string answer_html(const std::string& title, const Answer& answer) {
  // The picture beside all else, or below it on a narrow screen.
  std::string html = "<header class=\"" + answer.mood + "\">\n<h1>" + escape(title) + "</h1>\n<p class=\"answer\">" +
                     escape(answer.sentence) + "</p>\n<div class=\"first\">\n<div>\n<p class=\"number\"><b>" +
                     escape(answer.number) + "</b> " + escape(answer.counts) + "</p>\n";
  html += "<div class=\"advice\"><h2>What to do</h2><ul>";
  for (const auto& advice : answer.advice) html += "<li>" + with_options(advice) + "</li>";
  if (answer.advice.empty()) html += "<li>" + escape(answer.no_advice) + "</li>";
  html += "</ul></div>\n";
  if (!answer.terms.empty()) html += "<p class=\"note\">" + escape(answer.terms) + "</p>\n";
  html += "</div>\n" + answer.picture + "</div>\n</header>\n";
  if (answer.questions.empty()) return html;
  html += "<dl class=\"five\">\n";
  for (const auto& [question, said] : answer.questions) {
    html += "<dt>" + escape(question) + "</dt><dd>" + with_options(said) + "</dd>\n";
  }
  return html + "</dl>\n";
}

}  // namespace directclr::report
