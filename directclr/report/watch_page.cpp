#include "directclr/report/watch_page.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/report/answer.h"
#include "directclr/report/figure_html.h"
#include "directclr/report/html.h"
#include "directclr/report/plain_words.h"
#include "directclr/report/trend.h"

namespace directclr::report {
namespace {

// The last value of a column of metrics.jsonl; `otherwise` without one.
double last_of(const RunResults& run, const char* metric, double otherwise) {
  const auto found = run.metrics.find(metric);
  return found == run.metrics.end() || found->second.second.empty() ? otherwise : found->second.second.back();
}

double last_step(const RunResults& run) {
  const auto found = run.metrics.find("loss");
  return found == run.metrics.end() || found->second.first.empty() ? 0 : found->second.first.back();
}

Course course_in(const RunResults& run, const char* metric) {
  const auto found = run.metrics.find(metric);
  return found == run.metrics.end() ? Course{} : Course{found->second.first, found->second.second};
}

bool dying(const RunResults& run) {
  return collapsed_since(course_in(run, "dead_r"), run.spectra_log.r_dimensions,
                         spectrum::VerdictSettings{}.collapsed_share) &&
         run.spectra_log.r_dimensions > 0;
}

std::string where_it_is(const RunResults& run) {
  if (last_step(run) == 0) return run.name + " has not logged a step yet";
  return run.name + (run.finished ? " has ended" : " is") + format(" at epoch %.1f of ", last_of(run, "epoch", 0)) +
         run.setting("epochs") + format(", step %.0f", last_step(run));
}

std::string dead_text(const RunResults& run) {
  if (run.spectra_log.r_dimensions == 0 || run.spectra_log.steps.empty()) return "";
  return format("%.0f of ", last_of(run, "dead_r", 0)) + count_text(run.spectra_log.r_dimensions);
}

Answer live_answer(const std::vector<RunResults>& runs) {
  Answer answer;
  std::vector<std::string> places, dead;
  for (const auto& run : runs) {
    places.push_back(where_it_is(run));
    if (dying(run)) dead.push_back(run.name);
  }
  answer.sentence = join(places, "; ") + ".";
  answer.mood = dead.empty() ? "good" : "bad";
  if (runs.size() == 1) {
    answer.number = dead_text(runs[0]).empty() ? "?" : dead_text(runs[0]);
    answer.counts = "directions of the representation are dead";
  } else {
    answer.number = format("%zu of %zu", dead.size(), runs.size());
    answer.counts = "runs have at least 5 % dead directions";
  }
  for (const auto& run : runs) {
    if (const auto fall = fall_of(course_in(run, "rank_r"))) {
      answer.advice.push_back(run.name +
                              format(": the effective rank has fallen from %.1f at step %.0f to %.1f: directions "
                                     "are being lost.",
                                     fall->from, fall->since, fall->to));
    }
  }
  const bool ended = all_finished(runs);
  answer.no_advice = ended ? "Look at the whole: directclr report." : "Wait: nothing is being lost.";
  if (!ended && !dead.empty()) {
    answer.no_advice = "Nothing while it trains. When it has ended, directclr explain says why.";
  }
  return answer;
}

Figure curves(const std::vector<RunResults>& runs, const char* metric, const char* title, const char* label) {
  Figure figure{title, "step", label};
  for (const auto& run : runs) {
    const Course course = course_in(run, metric);
    if (course.steps.size() > 1) figure.series.push_back({run.name, course.steps, course.values});
  }
  return figure;
}

std::string state_table(const std::vector<RunResults>& runs) {
  std::vector<std::vector<std::string>> rows = {{"run", "step", "loss", "learning rate", "images a second",
                                                 "effective rank of r", "dead directions of r", "effective rank of z"}};
  for (const auto& run : runs) {
    const auto number = [&](const char* metric, const char* pattern) {
      const double value = last_of(run, metric, NAN);
      if (std::isnan(value)) return std::string("&ndash;");
      char text[32];
      std::snprintf(text, sizeof text, pattern, value);
      return std::string(text);
    };
    rows.push_back({escape(run.name), format("%.0f", last_step(run)), number("loss", "%.3f"), number("lr", "%.3g"),
                    number("images_per_second", "%.0f"), number("rank_r", "%.1f"), dead_text(run),
                    number("rank_z", "%.1f")});
  }
  return table(rows);
}

}  // namespace

bool all_finished(const std::vector<RunResults>& runs) {
  return std::all_of(runs.begin(), runs.end(), [](const auto& run) { return run.finished; });
}

std::string watch_page(const std::vector<RunResults>& runs, int64_t seconds) {
  std::vector<std::string> names;
  for (const auto& run : runs) names.push_back(run.name);
  const std::string title = "Watching " + join(names);
  Answer answer = live_answer(runs);
  const Figure ranks = curves(runs, "rank_r", "Effective rank of r", "equally strong directions");
  if (!ranks.series.empty()) answer.picture = figure_html(ranks, {}, "rank_r", "");
  std::string body = answer_html(title, answer) + state_table(runs) + "<div class=\"pair\">\n";
  struct Shown {
    const char *metric, *title, *label;
  };
  for (const auto& [metric, heading, label] :
       {Shown{"loss", "Contrastive loss", "loss"}, Shown{"dead_r", "Dead directions of r", "directions"},
        Shown{"rank_z", "Effective rank of z", "equally strong directions"},
        Shown{"images_per_second", "Speed", "images a second"},
        Shown{"online_top1", "Linear classifier trained beside", "accuracy on the batch"}}) {
    const Figure figure = curves(runs, metric, heading, label);
    if (!figure.series.empty()) body += figure_html(figure, {}, metric, "");
  }
  int number = 0;
  for (const auto& run : runs) {
    ++number;
    if (run.spectra_log.steps.empty()) continue;
    body += film_html(run.spectra_log, run.name + ": the spectrum", spectrum::VerdictSettings{}.dead_below, {},
                      format("spectrum-%d", number), "");
  }
  for (const auto& run : runs) {
    if (run.views_png.empty()) continue;
    body += "<figure id=\"figure-views\"><img alt=\"sample images with two views each\" src=\"" +
            png_data_url(run.views_png) + "\"><figcaption>" + escape(run.name) +
            ": each image, then its two views.</figcaption></figure>\n";
  }
  body += format("</div>\n<p class=\"note\">Made by directclr %s. %s</p>\n", kVersion,
                 all_finished(runs) ? "All runs have ended." : "It loads itself anew; not while you are at a figure.");
  if (!all_finished(runs)) {
    body += format("<div id=\"anew\" data-seconds=\"%lld\"></div>\n", static_cast<long long>(seconds));
  }
  return page(title, body);
}

}  // namespace directclr::report
