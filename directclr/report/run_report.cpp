#include "directclr/report/run_report.h"

#include <algorithm>
#include <map>
#include <set>

#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/report/course_figure.h"
#include "directclr/report/figure_html.h"
#include "directclr/report/html.h"
#include "directclr/report/plain_words.h"
#include "directclr/report/run_answer.h"

namespace directclr::report {
namespace {

std::string percent(const std::optional<Accuracy>& accuracy) {
  return accuracy ? format("%.2f %%", 100 * accuracy->top1) : "&ndash;";
}

const SpectrumResult* spectrum_of(const RunResults& run, const std::string& layer) {
  const auto found = run.spectra.find(layer);
  return found == run.spectra.end() ? nullptr : &found->second;
}

// What two numbers must have in common to be compared, as a run has it; "" where it does not say.
struct Circumstance {
  const char* name;
  std::string (*of)(const RunResults& run);
};
std::string recorded(const RunResults& run, const char* key) {
  const auto found = run.environment.find(key);
  return found == run.environment.end() ? "" : found->second;
}
const Circumstance kCircumstances[] = {
    {"data", [](const RunResults& run) { return run.setting("data"); }},
    {"content of the data", [](const RunResults& run) { return recorded(run, "data_fingerprint"); }},
    {"images", [](const RunResults& run) { return recorded(run, "images"); }},
    {"image size", [](const RunResults& run) { return run.setting("image_size"); }},
    {"encoder", [](const RunResults& run) { return run.setting("arch"); }},
    {"stem", [](const RunResults& run) { return run.setting("stem"); }},
    {"epochs", [](const RunResults& run) { return run.setting("epochs"); }},
    {"seed", [](const RunResults& run) { return run.setting("seed"); }}};

std::vector<Circumstance> differing_circumstances(const std::vector<RunResults>& runs) {
  std::vector<Circumstance> differing;
  for (const auto& circumstance : kCircumstances) {
    const std::string first = circumstance.of(runs[0]);
    if (std::any_of(runs.begin(), runs.end(), [&](const auto& run) { return circumstance.of(run) != first; })) {
      differing.push_back(circumstance);
    }
  }
  return differing;
}

std::string introduction(const std::vector<RunResults>& runs) {
  const auto differing = differing_circumstances(runs);
  std::string html = "<p>" + counted(static_cast<int64_t>(runs.size()), "run");
  const auto in_common = [&](const char* before, const char* name) {
    for (const auto& circumstance : kCircumstances) {
      if (std::string(circumstance.name) != name || circumstance.of(runs[0]).empty()) continue;
      const bool differs = std::any_of(differing.begin(), differing.end(),
                                       [&](const auto& other) { return std::string(other.name) == name; });
      if (!differs) html += before + escape(circumstance.of(runs[0]));
    }
  };
  in_common(" on ", "data");
  in_common(", encoder ", "encoder");
  html += ". Numbers below are measured on these runs; each says how.</p>\n";
  if (differing.empty()) return html;
  std::vector<std::vector<std::string>> rows = {{"run"}};
  for (const auto& circumstance : differing) rows[0].emplace_back(circumstance.name);
  for (const auto& run : runs) {
    rows.push_back({escape(run.name)});
    for (const auto& circumstance : differing) {
      const std::string value = circumstance.of(run);
      rows.back().push_back(value.empty() ? "not recorded" : escape(value));
    }
  }
  return html +
         "<p>The runs differ in more than their method. Each number is of its own run; what a difference between two "
         "comes from, these pages do not say:</p>\n" +
         table(rows);
}

std::string overview(const std::vector<RunResults>& runs) {
  std::vector<std::vector<std::string>> rows = {{"run", "projector", "epochs", "probe top-1", "k-NN top-1",
                                                 "effective-rank of r", "dead-directions of r", "effective-rank of z",
                                                 "training time"}};
  for (const auto& run : runs) {
    const auto rank = [&](const char* layer) {
      const auto* s = spectrum_of(run, layer);
      return s ? format("%.1f of %lld", s->effective_rank_lambda, static_cast<long long>(s->dimensions())) : "&ndash;";
    };
    const auto* r = spectrum_of(run, "representation");
    const std::string d0 = run.setting("projector") == "direct" ? " (d0 " + run.setting("d0") + ")" : "";
    const Course& epoch = run.course("epoch");
    const std::string done = run.ended() || epoch.values.empty() ? "" : format("%.1f of ", epoch.values.back());
    rows.push_back({escape(run.name), escape(run.setting("projector")) + d0, done + run.setting("epochs"),
                    percent(run.probe), percent(run.knn), rank("representation"),
                    !r                                                              ? "&ndash;"
                    : spectrum::hidden_at(*r, spectrum::SpectrumSummary::kDead) > 0 ? "not known"
                                                                                    : std::to_string(r->below_1e_4),
                    rank("embedding"), run.state == RunState::kEnded ? format_duration(run.seconds) : "not finished"});
  }
  return table(rows);
}

// Every distinct way in which the table's numbers were obtained, said once, with the runs that it is about.
std::string protocols(const std::vector<RunResults>& runs) {
  std::map<std::string, std::set<std::string>> lines;
  for (const auto& run : runs) {
    const auto add = [&](const std::string& line) { lines[line].insert(run.name); };
    const std::string seed = "data " + run.setting("data") + ", seed " + run.setting("seed");
    for (const auto& accuracy : {run.probe, run.knn}) {
      if (accuracy) add(accuracy->protocol + ", on the representation; " + seed);
    }
    if (run.baseline) {
      add(format("for comparison, %s: %.2f %%; %s", run.baseline->protocol.c_str(), 100 * run.baseline->top1,
                 seed.c_str()));
    }
    for (const auto& [layer, s] : run.spectra) {
      const std::string data = s.protocol.value("data", run.setting("data"));
      add(format("%s spectrum: covariance of %lld %s images of %s, centred, rows %s", layer.c_str(),
                 static_cast<long long>(s.samples), s.split.c_str(), data.c_str(),
                 s.l2_normalized ? "L2-normalised" : "not normalised"));
    }
  }
  std::string html = "<ul class=\"note\">";
  for (const auto& [line, names] : lines) {
    const std::string whose = names.size() == runs.size() ? "" : join({names.begin(), names.end()}) + ": ";
    html += "<li>" + escape(whose + line) + "</li>";
  }
  return html + "</ul>\n";
}

// The verdicts, a line each.
std::string verdicts(const std::vector<RunResults>& runs) {
  std::string html;
  for (const auto& run : runs) {
    for (const auto& [layer, s] : run.spectra) {
      html += "<li><b>" + escape(run.label() + ", " + layer + ": " + s.verdict.name()) + ".</b> " +
              escape(s.verdict.text) + "</li>\n";
    }
  }
  return html.empty() ? "" : "<ul>" + html + "</ul>\n";
}

// The spectra of one layer in one picture; empty where no run has it.
std::string spectra_together(const std::vector<RunResults>& runs, const std::string& layer, const std::string& title,
                             const std::string& caption, const std::filesystem::path& directory) {
  std::vector<SpectrumCurve> all;
  const std::vector<size_t> colors = colors_of(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    if (const auto* s = spectrum_of(runs[i], layer)) all.push_back({runs[i].label(), s->values, s->floor, colors[i]});
  }
  return all.empty() ? "" : figure_html(spectrum_figure(title, all), directory, layer, caption);
}

// Each run's alone, where there are several.
std::string spectra_alone(const std::vector<RunResults>& runs, const std::string& layer,
                          const std::filesystem::path& directory) {
  std::string html;
  int number = 0;
  const std::vector<size_t> colors = colors_of(runs);
  for (size_t i = 0; i < runs.size(); ++i) {
    const auto* s = spectrum_of(runs[i], layer);
    if (!s) continue;
    const std::string label = runs[i].label();
    html += figure_html(spectrum_figure(label + ", " + layer, {{label, s->values, s->floor, colors[i]}}), directory,
                        layer + format("-%d", ++number), "");
  }
  return number < 2 ? "" : html;
}

std::string curve(const std::vector<RunResults>& runs, const std::string& metric, const std::string& title,
                  const std::string& label, const std::filesystem::path& directory, const std::string& caption = "") {
  const Figure figure = course_figure(runs, metric, title, label);
  return figure.series.empty() ? "" : figure_html(figure, directory, "over-time-" + metric, caption);
}

// Settings that all runs share, and a table of those in which they differ.
std::string settings_section(const std::vector<RunResults>& runs) {
  std::string html;
  std::vector<std::vector<std::string>> differing = {{"setting"}};
  for (const auto& run : runs) differing[0].push_back(escape(run.name));
  std::string shared;
  std::vector<TomlEntry> entries;  // of any run, each once
  std::set<std::string> seen;
  for (const auto& run : runs) {
    for (const auto& entry : run.config) {
      if (seen.insert(entry.name).second) entries.push_back(entry);
    }
  }
  for (const auto& entry : entries) {
    std::vector<std::string> row = {escape(entry.name)};
    bool same = true;
    for (const auto& run : runs) {
      row.push_back(escape(run.setting(entry.name)));
      same = same && run.setting(entry.name) == entry.text;
    }
    if (same) {
      shared += entry.section + "." + entry.name + " = " + entry.text + "\n";
    } else {
      differing.push_back(row);
    }
  }
  if (differing.size() > 1) html += "<p>The runs differ in:</p>" + table(differing);
  html += "<details><summary>" + std::string(runs.size() > 1 ? "Settings that all runs share" : "All settings") +
          "</summary><pre>" + escape(shared) + "</pre></details>\n";
  html += "<details><summary>Environment</summary><pre>";
  for (const auto& run : runs) {
    html += escape(run.name) + "\n";
    for (const auto& [key, value] : run.environment) html += "  " + escape(key) + ": " + escape(value) + "\n";
  }
  return html + "</pre></details>\n";
}

// The spectra of each run while it was trained.
std::string films(const std::vector<RunResults>& runs, const std::filesystem::path& directory) {
  std::string html;
  const std::vector<size_t> colors = colors_of(runs);
  int number = 0;
  for (const auto& run : runs) {
    ++number;
    if (run.spectra_log.steps.empty()) continue;
    const std::string name = runs.size() == 1 ? "over-time-spectrum" : format("over-time-spectrum-%d", number);
    const auto* r = spectrum_of(run, "representation");
    html +=
        film_html(run.spectra_log, "The spectrum while " + (runs.size() == 1 ? "it" : run.label()) + " was trained",
                  colors[static_cast<size_t>(number - 1)],
                  r ? r->lines.dead_below : spectrum::VerdictSettings{}.dead_below, directory, name,
                  html.empty() ? "What the monitor saw: directions that grow rise, directions that die sink below the "
                                 "dashed line. It looks at augmented training images, the verdict at images as "
                                 "they are: the two count differently."
                               : "");
  }
  return number < 2 ? html : "<div class=\"pair\">\n" + html + "</div>\n";
}

// The five questions, a row a run; on a narrow screen one under another, where each is asked again.
std::string questions_by_run(const std::vector<RunResults>& runs) {
  std::vector<std::vector<std::string>> rows = {{"run"}};
  for (const auto& run : runs) {
    const Answer answer = run_answer(run, runs);
    rows.push_back({escape(run.label())});
    for (const auto& [question, said] : answer.questions) {
      if (rows.size() == 2) rows[0].push_back(question);
      rows.back().push_back("<b class=\"asked\">" + escape(question) + "</b> " + sentence_html(said));
    }
  }
  return "<div class=\"words\">" + table(rows) + "</div>\n";
}

std::string spectra_of_r(const std::vector<RunResults>& runs, const std::filesystem::path& figures) {
  const bool rounded = std::any_of(runs.begin(), runs.end(), [](const auto& run) {
    const auto* r = spectrum_of(run, "representation");
    return r && !r->values.empty() && r->values.back() <= r->floor;
  });
  return spectra_together(
      runs, "representation", "How much varies along each direction of the representation",
      "A direction is one of the independent ways in which representations differ from image to image (an eigenvector "
      "of the covariance of r, what the encoder gives). The strongest come first: this is the spectrum. Where a curve "
      "lies below the dashed line of its colour its directions count as dead: along them the representation hardly "
      "varies." +
          std::string(rounded ? " Dotted: what rounding alone makes." : ""),
      figures);
}

std::string ranks_of_r(const std::vector<RunResults>& runs, const std::filesystem::path& figures) {
  return curve(
      runs, "rank_r", "Effective rank of r", "effective rank", figures,
      "Effective rank: how many directions are really used. A moving average over augmented images of the training, so "
      "it differs a little from what is measured on images as they are.");
}

// Whether the answer is that directions were being lost: then the picture is of the time, not of the end.
bool is_about_a_fall(const std::vector<RunResults>& runs) {
  const auto* r = spectrum_of(runs[0], "representation");
  return runs.size() == 1 && fall_of(runs[0].course("rank_r")) && !(r && mood_of(*r) == "bad");
}

std::string names_of(const std::vector<RunResults>& runs) {
  constexpr size_t kMost = 4;
  if (runs.size() == 1) return first_upper(runs[0].label());
  if (runs.size() > kMost) return format("%zu runs", runs.size());
  std::vector<std::string> names;
  for (const auto& run : runs) names.push_back(in_quotes(run.name));
  return "Runs " + join(names);
}

}  // namespace

std::string run_report(const std::string& given_title, const std::vector<RunResults>& runs,
                       const std::filesystem::path& figures) {
  const std::string title = given_title.empty() ? names_of(runs) : given_title;
  Answer answer = runs_answer(runs);
  // The picture of the first screen: the spectrum of r, or the rank over time.
  const std::string spectra = spectra_of_r(runs, figures), ranks = ranks_of_r(runs, figures);
  const bool ranks_first = spectra.empty() || (is_about_a_fall(runs) && !ranks.empty());
  answer.picture = ranks_first ? ranks : spectra;
  std::string body = answer_html(title, answer);
  if (runs.size() > 1) body += questions_by_run(runs);
  body += films(runs, figures);
  if (ranks_first && !spectra.empty()) body += folded("The spectrum of the representation", spectra);
  const std::string curves =
      curve(runs, "loss", "Contrastive loss", "loss", figures) + (ranks_first ? "" : ranks) +
      curve(runs, "rank_z", "Effective rank of z", "effective rank", figures) +
      curve(runs, "dead_r", "Dead directions of r", "directions", figures,
            "As the monitor counts them, on augmented images of the training; the verdict is of images as they are.") +
      curve(runs, "online_top1", "Linear classifier trained beside", "accuracy on the batch", figures);
  if (!curves.empty())
    body += folded("Over time: loss, ranks, dead directions", "<div class=\"pair\">" + curves + "</div>\n");
  const std::string embedding =
      spectra_together(runs, "embedding", "Spectrum of the embedding",
                       "The same for z. Without a projector z is r, or a part of it.", figures);
  if (!embedding.empty()) body += folded("The embedding z, which the loss sees", embedding);
  const std::string alone = spectra_alone(runs, "representation", figures) + spectra_alone(runs, "embedding", figures);
  if (!alone.empty()) body += folded("Each spectrum alone", "<div class=\"pair\">" + alone + "</div>\n");
  for (const auto& run : runs) {
    if (run.views_png.empty()) continue;
    const std::string local_views = run.setting("local_views");
    body += folded(
        "What the model sees",
        "<figure id=\"figure-views\"><img alt=\"sample images with two views each\" src=\"" +
            png_data_url(run.views_png) +
            "\"><figcaption>Samples: the image, then the two augmented views of which the loss says: these belong "
            "together" +
            (local_views.empty() || local_views == "0" ? "." : "; beside them the local views.") +
            "</figcaption></figure>\n");
    break;
  }
  body += folded("All numbers, and how they were measured",
                 introduction(runs) + overview(runs) + verdicts(runs) + protocols(runs) +
                     "<p class=\"note\">r is the representation (the encoder's output), z the embedding (the "
                     "projector's, which the "
                     "loss sees). effective-rank: exp of the entropy of the covariance's normalised eigenvalues; it "
                     "lies between 1 and "
                     "the number of dimensions. dead-directions: eigenvalues below 1/10,000 of the largest. One seed a "
                     "run: differences "
                     "of a percent or two may be chance.</p>\n");
  body += folded("Settings and environment", settings_section(runs));
  body += format("<p class=\"note\">Made by directclr %s from the result files alone. ", kVersion) +
          "Every figure lies beside this page, in the folder " + escape(figures.filename().string()) +
          ", as svg, csv and gnuplot script.</p>\n";
  return page(title, body);
}

}  // namespace directclr::report
