#include "directclr/report/watch_page.h"

#include <cstdio>

#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/report/answer.h"
#include "directclr/report/course_figure.h"
#include "directclr/report/figure_html.h"
#include "directclr/report/html.h"
#include "directclr/report/live_run.h"

namespace directclr::report {
namespace {

// The verdict on all runs, without a full stop.
std::string verdict_of(const std::vector<RunResults>& runs, const std::vector<LiveRun>& lives) {
  std::vector<std::string> dying, falling, fallen, early, unsaid;
  for (size_t i = 0; i < runs.size(); ++i) {
    const LiveRun& live = lives[i];
    auto& open = runs[i].ended() && runs.size() > 1 ? unsaid : early;
    auto& which = live.dying ? dying : live.still_falling ? falling : live.falling ? fallen : open;
    if (live.dying || live.falling || live.early) which.push_back(in_quotes(runs[i].name));
  }
  if (runs.size() == 1) {
    return !dying.empty()     ? "Collapsed so far"
           : !falling.empty() ? "Directions are being lost"
           : !fallen.empty()  ? "Directions have been lost"
           : !early.empty()   ? runs[0].ended() ? "Its log says too little to judge" : "Too early to judge"
                              : "No collapse so far";
  }
  std::vector<std::string> parts = {dying.empty() ? "No collapse so far"
                                                  : format("%zu of %zu runs %s collapsed so far (", dying.size(),
                                                           runs.size(), have(static_cast<int64_t>(dying.size()))) +
                                                        join(dying) + ")"};
  if (!falling.empty())
    parts.push_back(join(falling) + (falling.size() == 1 ? " loses directions" : " lose directions"));
  if (!fallen.empty())
    parts.push_back(join(fallen) + " " + have(static_cast<int64_t>(fallen.size())) + " lost directions");
  if (!early.empty()) parts.push_back("too early to judge " + join(early));
  if (!unsaid.empty()) parts.push_back("too little in the log to judge " + join(unsaid));
  return join(parts, "; ");
}

Answer live_answer(const std::vector<RunResults>& runs, const std::vector<LiveRun>& lives) {
  Answer answer;
  std::vector<std::string> places;
  size_t dying = 0, early = 0, falling = 0;
  for (size_t i = 0; i < runs.size(); ++i) {
    places.push_back("run " + in_quotes(runs[i].name) + " " + lives[i].doing);
    dying += lives[i].dying ? 1 : 0;
    early += lives[i].early ? 1 : 0;
    falling += lives[i].falling ? 1 : 0;
    if (!lives[i].warnings.empty()) {
      answer.questions.push_back(
          {"What run " + in_quotes(runs[i].name) + " shows", first_upper(join(lives[i].warnings, "; ")) + "."});
    }
    if (lives[i].resume.empty()) continue;
    answer.advice.push_back("Run " + in_quotes(runs[i].name) + " has stopped before its end: go on with `" +
                            lives[i].resume + "`.");
  }
  answer.sentence = verdict_of(runs, lives) + (runs.size() == 1 ? ": " + places[0] : "") + ".";
  if (runs.size() > 1) {
    answer.questions.insert(answer.questions.begin(), {"How far are they?", "Now " + join(places, "; ") + "."});
  }
  answer.mood = dying > 0 ? "bad" : early + falling > 0 ? "open" : "good";
  const std::string too_early = early == 0        ? ""
                                : runs[0].ended() ? " where its log ends, which is too early to judge"
                                                  : ", which it is too early to judge";
  if (runs.size() == 1) {
    answer.number = lives[0].dead_text();
    answer.counts = "directions of the representation are dead" + too_early;
    if (falling > 0 && dying == 0 && lives[0].r_dimensions > 0) {
      answer.counts = "effective rank of the representation; " + answer.number + " directions are dead";
      answer.number = format("%.1f of ", *lives[0].rank_r) + count_text(lives[0].r_dimensions);
    }
  } else {
    answer.number = format("%zu of %zu", dying, runs.size());
    answer.counts = std::string("runs ") + have(static_cast<int64_t>(dying)) + " at least 5 % dead directions" +
                    (early > 0 ? "; of " + std::to_string(early) + " the log is too short to say" : "");
  }
  answer.terms =
      "A direction is one of the independent ways in which representations differ from image to image; it is dead when "
      "its variance is under 1/10,000 of the strongest direction's; a run counts as collapsed from 5 % dead directions "
      "on. Effective rank: how many directions are really used. r: the representation, what the encoder gives; z: the "
      "embedding, what the loss sees (without a projector that is r itself).";
  answer.no_advice = all_over(runs)                       ? "Look at the whole: `directclr report`."
                     : early == runs.size() && dying == 0 ? "Wait: the network has only begun to learn."
                                                          : "Wait: no direction is being lost.";
  if (falling > 0) {
    answer.advice.emplace_back(
        "Next time train with `--keep-best rank_r`: it keeps the network as it was at its highest effective rank.");
  }
  if (dying > 0 && !all_over(runs))
    answer.advice.emplace_back(
        "When training has ended, run `directclr explain RUN` (RUN: the folder of the run): it says why.");
  return answer;
}

std::string state_table(const std::vector<RunResults>& runs, const std::vector<LiveRun>& lives) {
  std::vector<std::vector<std::string>> rows = {{"run", "step", "done", "time left", "loss", "learning rate",
                                                 "images a second", "effective rank of r", "dead directions of r",
                                                 "effective rank of z"}};
  const auto number = [](const std::optional<double>& value, const char* pattern) -> std::string {
    char text[32];
    if (value) std::snprintf(text, sizeof text, pattern, *value);
    return value ? text : "&ndash;";
  };
  for (size_t i = 0; i < runs.size(); ++i) {
    const LiveRun& live = lives[i];
    rows.push_back({escape(runs[i].name), format("%.0f", live.step), format("%.0f&nbsp;%%", 100 * live.share),
                    live.seconds_left ? format_duration(*live.seconds_left) : "&ndash;", number(live.loss, "%.3f"),
                    number(live.lr, "%.3g"), number(live.images_per_second, "%.0f"), number(live.rank_r, "%.1f"),
                    live.dead_text(), number(live.rank_z, "%.1f")});
  }
  return table(rows);
}

std::string closing_note(const std::vector<RunResults>& runs, const Look& look) {
  const char* const when = all_over(runs)     ? "Nothing more is to come: no run is at work."
                           : look.seconds > 0 ? "It loads itself anew; not while you are at a figure."
                                              : "It is no longer written anew: this is what was seen last.";
  std::string html = format("<p class=\"note\">Made by directclr %s. %s</p>\n", kVersion, when);
  if (!all_over(runs) && look.seconds > 0) {
    html += format("<p class=\"note\" id=\"anew\" data-seconds=\"%lld\" data-look=\"%lld\"></p>\n",
                   static_cast<long long>(look.seconds), static_cast<long long>(look.number));
  }
  return html;
}

}  // namespace

std::string watch_page(const std::vector<RunResults>& runs, const Look& look) {
  std::vector<std::string> names;
  std::vector<LiveRun> lives;
  for (const auto& run : runs) {
    names.push_back(in_quotes(run.name));
    lives.push_back(live_run(run));
  }
  Answer answer = live_answer(runs, lives);
  const Figure ranks = course_figure(runs, "rank_r", "Effective rank of r", "effective rank");
  if (!ranks.series.empty()) answer.picture = figure_html(ranks, {}, "rank_r", "");
  const std::string title = std::string(names.size() == 1 ? "Watching run " : "Watching runs ") + join(names);
  std::string body = answer_html(title, answer) + state_table(runs, lives) + "<div class=\"pair\">\n";
  struct Shown {
    const char *metric, *title, *label;
  };
  for (const auto& [metric, heading, label] :
       {Shown{"loss", "Contrastive loss", "loss"}, Shown{"dead_r", "Dead directions of r", "directions"},
        Shown{"rank_z", "Effective rank of z", "effective rank"},
        Shown{"images_per_second", "Speed", "images a second"}, Shown{"lr", "Learning rate", "learning rate"},
        Shown{"online_top1", "Linear classifier trained beside", "accuracy on the batch"},
        Shown{"knn_top1", "Nearest neighbours (k-NN)", "accuracy on test images"}}) {
    const Figure figure = course_figure(runs, metric, heading, label);
    if (!figure.series.empty()) body += figure_html(figure, {}, metric, "");
  }
  const std::vector<size_t> colors = colors_of(runs);
  int number = 0;
  for (const auto& run : runs) {
    ++number;
    if (run.spectra_log.steps.empty()) continue;
    body += film_html(run.spectra_log, run.label() + ": the spectrum", colors[static_cast<size_t>(number - 1)],
                      spectrum::VerdictSettings{}.dead_below, {}, format("spectrum-%d", number), "");
  }
  number = 0;
  for (const auto& run : runs) {
    ++number;
    if (run.views_png.empty()) continue;
    body += format("<figure id=\"figure-views-%d\">", number) +
            "<img alt=\"sample images with two views each\" src=\"" + png_data_url(run.views_png) + "\"><figcaption>" +
            escape(run.name) +
            ": each image, then its two views, the augmented copies that the network is to take for the same."
            "</figcaption></figure>\n";
  }
  return page(title, body + "</div>\n" + closing_note(runs, look));
}

}  // namespace directclr::report
