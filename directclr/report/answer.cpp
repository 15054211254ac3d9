#include "directclr/report/answer.h"

#include "directclr/report/html.h"

namespace directclr::report {

std::string answer_html(const std::string& title, const Answer& answer) {
  // Number, picture, what to do; on a wide screen the picture beside the others.
  std::string html = "<header class=\"" + answer.mood + "\">\n<h1>" + escape(title) + "</h1>\n<p class=\"answer\">" +
                     sentence_html(answer.sentence) + "</p>\n<div class=\"first\">\n<p class=\"number\"><b>" +
                     sentence_html(answer.number) + "</b> " + sentence_html(answer.counts) + "</p>\n";
  html += answer.picture + "<div class=\"advice\"><h2>What to do</h2><ul>";
  for (const auto& advice : answer.advice) html += "<li>" + sentence_html(advice) + "</li>";
  if (answer.advice.empty()) html += "<li>" + sentence_html(answer.no_advice) + "</li>";
  html += "</ul>\n";
  if (!answer.terms.empty()) html += "<p class=\"note\">" + sentence_html(answer.terms) + "</p>\n";
  html += "</div>\n</div>\n</header>\n";
  if (answer.questions.empty()) return html;
  html += "<dl class=\"five\">\n";
  for (const auto& [question, said] : answer.questions) {
    html += "<dt>" + escape(question) + "</dt><dd>" + sentence_html(said) + "</dd>\n";
  }
  return html + "</dl>\n";
}

}  // namespace directclr::report
