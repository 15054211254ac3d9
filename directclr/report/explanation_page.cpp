#include "directclr/report/explanation_page.h"

#include <algorithm>
#include <map>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"
#include "directclr/report/advice.h"
#include "directclr/report/answer.h"
#include "directclr/report/explanation_figures.h"
#include "directclr/report/explanation_result.h"
#include "directclr/report/figure_html.h"
#include "directclr/report/html.h"
#include "directclr/report/plain_words.h"

namespace directclr::report {
namespace {

using Result = ExplanationResult;

bool tells(const Result& e) { return e.conclusion.confidence != "none"; }

std::string of_directions(int64_t count, size_t all) {
  return count_text(count) + " of " + count_text(static_cast<int64_t>(all)) + " directions";
}

std::string contrast_section(const Result& e, const std::filesystem::path& folder) {
  std::string html = "<div class=\"pair\">\n";
  html += figure_html(
      spreads_figure(e.x, e.x.layer), folder, "contrast",
      "The two of the first picture: how much different images differ, and how much two views of one image do. "
      "Differences are weighted by how strongly the loss pushes. Directions are found on one half of the images, the "
      "curves measured on the other.");
  html += figure_html(
      eigenvalues_figure(e.x), folder, "eigenvalues",
      "X = Sigma0 - Sigma1 (Lemma 2): Sigma0 is what differs between images, Sigma1 what differs between views of "
      "one image. Counted is what lies below 0, beyond chance, on images that had no part in finding the directions "
      "(the band: two standard errors)" +
          (tells(e) ? ": " + of_directions(e.x.negative_for_certain, e.x.eigenvalues.size()) : "") +
          ". The other curve is of the images that the directions were chosen on, where chance alone can put the last "
          "ones below 0.");
  html +=
      figure_html(shares_figure(e.x), folder, "shares",
                  "How many directions have which ratio of augmentation to data. The last bin holds everything above.");
  if (e.x_representation) {
    html += figure_html(spreads_figure(*e.x_representation, "representation r"), folder, "contrast-representation",
                        "The same on r, with the same weights.");
  }
  return folded("The first cause: augmentation stronger than the data", html + "</div>\n");
}

std::string attribution_section(const Result& e) {
  if (e.attribution.empty()) return "";
  std::vector<std::vector<std::string>> rows = {{"augmentation", "all directions", "weakest directions"}};
  for (const auto& a : e.attribution) {
    rows.push_back({escape(a.name), format("%.3f", a.share), format("%.3f", a.weak_share)});
  }
  return folded(
      "Which part of the augmentation",
      "<p>How much the augmentation spreads, over how much the data do:</p>" + table(rows) +
          format(
              "<p class=\"note\">Sigma1 / Sigma0, of the traces: how much the augmentation spreads the views of an "
              "image "
              "for each unit that the data spread images; above 1 it wins. The weakest directions (%lld) are those in "
              "which the augmentation as trained has the largest ratio on one half of the images; the table is of %lld "
              "images of the other half, the same and with the same random crops and colours in every row. Other crops "
              "than the finding's, hence other digits.</p>\n",
              static_cast<long long>(e.weak_count), static_cast<long long>(e.attribution_images)));
}

std::string growth_section(const Result& e, const std::filesystem::path& folder) {
  const Result::Growth& g = e.growth;
  std::string html = "<div class=\"pair\">\n";
  html += figure_html(
      growth_figure(g.exact, g.standard_error, g.lemma2, "Lemma 2", "Growth of directions", "d log |W v| / dt"), folder,
      "growth",
      g.singular ? "Relative growth of the singular values of the last linear map, largest first. Band: two "
                   "standard errors."
                 : "The last linear map has no distinct singular values; directions are the eigenvectors of X.");
  if (e.first_layer) {
    html +=
        figure_html(growth_figure(e.first_layer->exact, e.first_layer->standard_error, e.first_layer->theorem3,
                                  "Theorem 3", "Growth of the first matrix", "ds / dt"),
                    folder, "growth-first-layer", "Singular values of the projector's first matrix, largest first.");
  }
  return folded("Which directions grow and shrink now", html + "</div>\n");
}

std::string alignment_section(const Result& e, const std::filesystem::path& folder) {
  if (e.alignments.empty()) return "";
  std::string html = "<div class=\"pair\">\n";
  int number = 0;
  for (const auto& a : e.alignments) {
    std::vector<double> values;
    for (const auto& row : a.leading) values.insert(values.end(), row.begin(), row.end());
    HeatMap map = matrix_map("|V2^T U1|, " + a.name, "left vector of the first", "right vector of the second",
                             a.leading[0].size(), std::move(values));
    map.value_label = "|A|";
    map.high = 1;
    const std::string name = format("alignment-%d", ++number);
    html += figure_html(
        map, folder, name,
        format("Leading vectors; a bright diagonal means aligned layers (Theorem 2, Figure 5). Between them: %s. Mean "
               "|A_kk| of the leading quarter %.2f, random directions %.3f.",
               a.between.c_str(), a.leading_diagonal, a.chance));
  }
  return folded("The second cause: layers that align", html + "</div>\n");
}

std::string examples_section(const Result& e, const std::filesystem::path& folder) {
  const auto picture = folder / "examples.png";
  if (e.examples.empty() || !std::filesystem::exists(picture)) return "";
  return "<h2>The images most affected</h2>\n<figure id=\"figure-examples\"><img alt=\"images with their two views\" "
         "src=\"" +
         png_data_url(read_file(picture)) + "\"><figcaption>" +
         escape(format(
             "The image, then its two views: those that differ most within the weakest directions (the first %.1f "
             "times as much as an image does on average).",
             e.examples[0].times_mean)) +
         "</figcaption></figure>\n";
}

constexpr const char* kAssumptions =
    "<ul>"
    "<li>Lemma 2, G = -W X, is exact for a linear map, embeddings that are not normalised and Eqn 2, which sums over "
    "images. Here X has the weights of the trained loss on normalised embeddings: for infonce and ntxent Eqn 2's "
    "softmax "
    "at the trained temperature, about as decided as the loss's; for spectral its similarities, without a softmax. Eqn "
    "2's own weights are given as further evidence.</li>"
    "<li>Lemma 4 is exact for any loss, but for the gradient flow: weight decay, momentum and the optimiser's scaling "
    "are not in it. It says what the last linear map does at this moment of training, not what the encoder does.</li>"
    "<li>The trained loss does not see the length of z, so the rates, each times |W v|^2, add up to nothing over a "
    "whole "
    "basis: what shrinks does so beside what grows.</li>"
    "<li>Batch normalisation stands at its running statistics; in training it uses the batch's.</li>"
    "<li>Theorem 3 is about two linear, aligned layers; what lies between these layers is named.</li></ul>\n";

// Along how many directions the augmentation is measured to spread more than the data, chance or not.
int64_t measured_above(const Result::Contrast& x) {
  int64_t count = 0;
  for (size_t k = 0; k < x.data_along.size(); ++k) count += x.augmentation_along[k] > x.data_along[k] ? 1 : 0;
  return count;
}

// A run has a log and peers, weights and encoders of other programs have not.
bool of_a_run(const Result& e) { return e.protocol.find("run") != nullptr; }

bool dead_directions_in(const Result& e) {
  return e.r && (e.r->verdict == "dimensional collapse" || e.r->verdict == "complete collapse");
}

std::string plain_finding(const Result& e) {
  const size_t all = e.x.eigenvalues.size();
  if (!tells(e)) {
    return count_text(e.images) + " images are too few to say why " + count_text(static_cast<int64_t>(all)) +
           " directions live or die.";
  }
  if (e.x.negative_for_certain > 0) {
    return "The augmentation is too strong for " + of_directions(e.x.negative_for_certain, all) +
           ": along them two views (augmented copies) of one image differ more than two images do, so training erases "
           "them.";
  }
  return std::string(e.conclusion.confidence == "low" ? "As far as this can tell the" : "The") +
         " augmentation is not too strong: along none of " + count_text(static_cast<int64_t>(all)) +
         " directions do two views of one image differ more than two images do, beyond chance" +
         (dead_directions_in(e) ? "; and yet directions are dead." : ".");
}

// Why fewer directions are counted than curves cross.
std::string certain_and_measured(const Result& e) {
  const int64_t above = measured_above(e.x);
  if (!tells(e) || above <= e.x.negative_for_certain) return "";
  return " The curve lies above it along " + count_text(above) + " directions; for " +
         count_text(e.x.negative_for_certain) + " of them this is beyond chance, and only these are counted" +
         (e.x.certain && !e.x.certain->empty() ? " (dots)." : ".");
}

// The text of a setting of the augmentation; "" in files of earlier versions.
std::string setting_of(const Result& e, const std::string& name) {
  const Json* augmentation = e.protocol.find("augmentation");
  const Json* value = augmentation ? augmentation->find(name) : nullptr;
  if (!value) return "";
  return value->is_string() ? value->get<std::string>() : format_number(value->get<double>());
}

// Of the layers that match best beside chance.
std::string second_cause(const Result& e) {
  constexpr double kSeen = 2;  // times chance
  if (e.alignments.empty()) {
    return "The paper's second cause, layers that align, cannot act behind r: there are no two linear layers there. "
           "Within the encoder this does not look for it.";
  }
  const auto& most = *std::max_element(e.alignments.begin(), e.alignments.end(), [](const auto& a, const auto& b) {
    return a.leading_diagonal * b.chance < b.leading_diagonal * a.chance;
  });
  return std::string("The paper's second cause, layers that align, is ") +
         (most.leading_diagonal > kSeen * most.chance ? "" : "not ") +
         format("seen: the leading directions of %s match by %.2f (chance: %.2f; 1: fully aligned).", most.name.c_str(),
                most.leading_diagonal, most.chance);
}

// What to do where there were too few.
std::string more_images(const Result& e) {
  const Json* read = e.protocol.find("read");
  const Json* train = read ? read->find("train") : nullptr;
  if (!train || train->at("images").get<int64_t>() - e.images >= e.batch) {
    return "Run it again with more images (`--images`).";
  }
  return "There are no more training images than these" +
         std::string(of_a_run(e) ? "; where the run was trained on a part of its data, `--data` with its data takes all"
                                 : "") +
         ". Smaller batches (`--batch`) may do.";
}

Answer answer_of(const Result& e) {
  Answer answer{plain_finding(e)};
  const bool seen = tells(e) && e.x.negative_for_certain > 0;
  answer.mood = !tells(e) ? "open" : seen || dead_directions_in(e) ? "bad" : "good";
  answer.number = tells(e)
                      ? format("%lld of %zu", static_cast<long long>(e.x.negative_for_certain), e.x.eigenvalues.size())
                      : count_text(e.images);
  answer.counts = tells(e) ? "directions lose to the augmentation" : "images: too few";
  answer.terms = tells(e) ? "Tested on images that had no part in finding the directions (negative eigenvalues of X, "
                            "Lemma 2). Confidence: " +
                                e.conclusion.confidence +
                                (e.conclusion.opposing.empty() ? "" : "; what speaks against it is said below") +
                                ". r: the representation, what the encoder gives."
                          : e.conclusion.finding + (e.conclusion.finding.empty() ? "" : ".");
  answer.advice = advise({.explanation = &e, .setting = [&e](const std::string& name) { return setting_of(e, name); }});
  answer.no_advice =
      answer.mood == "good" ? "No part of the augmentation need be weaker."
      : !tells(e)           ? more_images(e)
      : seen ? "No single part of the augmentation makes most of it: weaken it as a whole, and look whether accuracy "
               "gains."
             : "Leave the augmentation as it is. Change one other thing, such as the projector or a lower `--tau`, and "
               "compare" +
                   std::string(of_a_run(e) ? ": `directclr report RUN OTHER`." : ".");
  std::string collapsed =
      e.r ? "The representation r of these views: " + e.r->verdict + ". " + first_upper(e.r->text) + "."
          : "Not said in files of earlier versions.";
  if (seen && e.r && e.r->dead > 0) {
    const int64_t explained = std::min(e.x.negative_for_certain, e.r->dead);
    collapsed +=
        " The " + count_text(e.x.negative_for_certain) +
        " directions above are counted along other axes than the dead ones (those of X), so they explain at most " +
        count_text(explained) + " of the " + count_text(e.r->dead) + " dead ones" +
        (explained < e.r->dead ? "; the cause of the others is not found by this." : ".");
  }
  const std::string operation = main_operation(e);
  std::string why = !tells(e) ? "Not known: there are too few images."
                    : seen    ? "The augmentation is too strong for some directions."
                              : "Not the augmentation.";
  if (seen && !operation.empty()) why += " Most of it comes from the operation \"" + operation + "\".";
  why += " " + second_cause(e);
  answer.questions = {
      {kIsItCollapsed, collapsed},
      {kSinceWhen, std::string("This looks at one moment of training") +
                       (of_a_run(e) ? ". `directclr report RUN` (RUN: its folder) shows all of it."
                                    : ", and weights have no log of the others.")},
      {kWhy, why},
      {kDoesItHurt, "Not measured here. `directclr probe " + std::string(of_a_run(e) ? "RUN`" : "FILE` (its weights)") +
                        " says how well the representation tells classes apart."},
      {kWhatToChange, answer.advice.empty() ? answer.no_advice : kSeeAdvice}};
  return answer;
}

std::string conclusion_list(const Result& e) {
  std::string html = "<ul>";
  for (const auto& line : lines_of(e.conclusion)) {
    const auto label = line.starts_with("No conclusion") ? std::string::npos : line.find(": ");
    const std::string bold = line.substr(0, label);
    html += "<li><b>" + escape(bold) + "</b>" + escape(line.substr(bold.size())) + "</li>\n";
  }
  return html + "</ul>\n";
}

// What was looked at: data, network, images, and what made the views. An encoder of Python says less of itself.
std::string subject_of(const Result& e) {
  const Json& protocol = e.protocol;
  std::string text = protocol["data"].get<std::string>();
  if (const Json* arch = protocol.find("arch")) text += ", encoder " + arch->get<std::string>();
  text += ", projector " + protocol["projector"].get<std::string>();
  if (const Json* epochs = protocol.find("pretraining_epochs")) {
    text += epochs->is_null() ? ", foreign weights" : ", " + counted(epochs->get<int64_t>(), "epoch");
  }
  text += ", seed " + protocol["seed"].dump() +
          format("; %lld training images with two views each, in batches of %lld.", static_cast<long long>(e.images),
                 static_cast<long long>(e.batch));
  std::string html = "<p>" + escape(text) + "</p>\n";
  const Json* augmentation = protocol.find("augmentation");
  if (!augmentation) return html;
  std::vector<std::string> settings;
  for (const auto& [name, value] : augmentation->get<std::map<std::string, Json>>()) {
    settings.push_back(name + " = " + setting_of(e, name));
  }
  return html + "<p>The augmentation that made the views:</p><pre>" + escape(join(settings, "\n")) + "</pre>\n";
}

std::string title_of(const Result& e) {
  for (const char* kind : {"weights", "run"}) {
    const Json* path = e.protocol.find(kind);
    if (!path) continue;
    const std::filesystem::path source(path->get<std::string>());
    const std::string name = (source.has_filename() ? source : source.parent_path()).filename().string();
    return "Why directions of " + std::string(kind == std::string("run") ? "run " : "") + in_quotes(name) +
           " live or die";
  }
  return "Why directions of this encoder live or die";
}

}  // namespace

void write_explanation_page(const std::filesystem::path& folder) {
  const auto file = folder / "explain.json";
  const ExplanationResult e = read_explanation(file);
  try {
    if (e.x.data_along.empty() || e.x.data_along.size() != e.x.augmentation_along.size()) {
      throw JsonError("'data_along' and 'augmentation_along' are not of the same directions");
    }
    const std::string title = title_of(e);
    Answer answer = answer_of(e);
    answer.picture = figure_html(
        ratios_figure(e.x, e.x.layer), folder, "ratio",
        "Along each direction: how much two views of one image differ, over how much two images do. Above the dashed "
        "line training takes the direction for noise and erases it." +
            certain_and_measured(e));
    std::string body = answer_html(title, answer) + examples_section(e, folder) +
                       folded("What speaks for this, and against it", conclusion_list(e)) + attribution_section(e) +
                       contrast_section(e, folder) + growth_section(e, folder) + alignment_section(e, folder) +
                       folded("What was looked at, and what this assumes", subject_of(e) + kAssumptions);
    body += format(
        "<p class=\"note\">Made by directclr %s from explain.json. Every figure lies beside this page as svg, "
        "csv and gnuplot script.</p>\n",
        kVersion);
    write_file(folder / "index.html", page(title, body));
  } catch (const JsonError& error) {
    throw InputError(file.string(), std::string("is damaged: ") + error.what());
  }
}

}  // namespace directclr::report
