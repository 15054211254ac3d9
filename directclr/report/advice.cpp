#include "directclr/report/advice.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "directclr/core/json.h"
#include "directclr/core/shell_word.h"
#include "directclr/core/text.h"
#include "directclr/report/plain_words.h"

namespace directclr::report {
namespace {

using Kind = spectrum::Verdict::Kind;

bool judged(const Evidence& e, Kind kind) { return e.spectrum && e.spectrum->verdict.kind == kind; }

struct WeakerOperation {
  const char* operation;
  const char* text;
  const char* setting;  // that decides it
};
// Of data::augment_operations.
constexpr WeakerOperation kWeaker[] = {
    {"crop", "a larger `--crop-scale-min`", "crop_scale_min"},
    {"flip", "a smaller `--flip-probability`", "flip_probability"},
    {"brightness", "a smaller `--jitter-brightness`", "jitter_brightness"},
    {"contrast", "a smaller `--jitter-contrast`", "jitter_contrast"},
    {"saturation", "a smaller `--jitter-saturation`", "jitter_saturation"},
    {"hue", "a smaller `--jitter-hue`", "jitter_hue"},
    {"grayscale", "a smaller `--grayscale-probability`", "grayscale_probability"},
    {"blur", "a smaller `--blur-sigma-max`", "blur_sigma_max"},
    {"solarize", "a smaller `--solarize-probability-a` and `-b`", "solarize_probability_a"}};

const char* deciding_setting(const std::string& operation) {
  for (const auto& entry : kWeaker) {
    if (entry.operation == operation) return entry.setting;
  }
  return "";
}

std::string more_rows(const Evidence& e) {
  if (!judged(e, Kind::kTooFewRows)) return "";
  const double needed = e.spectrum->lines.rows_per_dimension * static_cast<double>(e.spectrum->dimensions());
  return "Measure again with at least " + count_text(std::llround(std::ceil(needed))) + " rows.";
}

// The commands that look at a network take that of a run that has ended.
bool can_be_measured(const Evidence& e) { return !e.projector.empty() && e.unfinished.empty(); }

std::string finish_it(const Evidence& e) {
  if (e.unfinished.empty()) return "";
  return e.resume.empty()
             ? "It " + e.unfinished + ": wait for its end. `directclr watch` on this run shows it until then."
             : "It " + e.unfinished + ": go on with `" + e.resume + "`.";
}

std::string measure_spectrum(const Evidence& e) {
  return e.spectrum || !can_be_measured(e) ? "" : "Measure it: `directclr spectrum` on this run.";
}

std::string look_at_input(const Evidence& e) {
  if (!judged(e, Kind::kCompleteCollapse) || !e.projector.empty()) return "";
  return "Check that these are the outputs of the layer that you mean, and that the network got different inputs.";
}

std::string find_cause(const Evidence& e) {
  if (!judged(e, Kind::kDimensionalCollapse) || !e.projector.empty()) return "";
  return "Embeddings alone cannot show the cause. If they come from a training with directclr, run `directclr explain "
         "RUN` (RUN: its folder); for a ResNet of another program `directclr explain FILE` with its weights "
         "(`directclr explain --help` says what goes with them).";
}

std::string subtract_mean(const Evidence& e) {
  if (!judged(e, Kind::kOneDirection)) return "";
  return "Subtract the mean of the rows before you compare them by cosine: what they have in common hides what tells "
         "them apart.";
}

std::string add_projector(const Evidence& e) {
  if (!judged(e, Kind::kDimensionalCollapse) || e.projector != "none") return "";
  const ProjectorEvidence seen = projector_evidence(e);
  const std::string facts =
      seen.facts + ", one run each." +
      (seen.unmeasured.empty() ? "" : " Of " + join(seen.unmeasured) + " it is not known in the same way.");
  switch (seen.kind) {
    case ProjectorEvidence::Kind::kNothing:
      return "Train with a projector (`--projector linear` or `mlp`), a small network between the representation and "
             "the loss: without one the loss works on the representation itself, and more of its directions die.";
    case ProjectorEvidence::Kind::kUnknown:
      return "Measure " + join(seen.unmeasured) +
             " (`directclr spectrum RUN`) on the same images: with a projector, "
             "and else like this run, it shows what one is worth here.";
    case ProjectorEvidence::Kind::kHelps: return "Train with a projector (`--projector " + seen.best + "`): " + facts;
    case ProjectorEvidence::Kind::kCosts:
      return "Weigh a projector: it keeps directions alive here, but at the cost of accuracy: " + facts;
    case ProjectorEvidence::Kind::kNoRemedy: break;
  }
  return std::string("Do not count on a projector: here it keeps no more directions alive") +
         (seen.gains_accuracy ? ", though accuracy gains: " : ": ") + facts;
}

bool first_cause_seen(const Evidence& e) {
  return e.explanation && e.explanation->conclusion.confidence != "none" && e.explanation->x.negative_for_certain > 0;
}

std::string weaken_augmentation(const Evidence& e) {
  if (!first_cause_seen(e)) return "";
  const std::string operation = main_operation(*e.explanation), change = weaker(operation);
  if (change.empty()) return "";
  const std::string now = e.setting ? e.setting(deciding_setting(operation)) : "";
  return "Weaken the augmentation's " + operation + ": it causes most of this. Try " + change +
         (now.empty() ? "" : " (now " + now + ")") + " and look whether accuracy gains.";
}

std::string measure_operations(const Evidence& e) {
  if (!first_cause_seen(e) || !e.explanation->attribution.empty()) return "";
  const Json* run = e.explanation->protocol.find("run");
  return "Which part of the augmentation makes it was not measured: the same `directclr explain" +
         (run ? " " + shell_word(run->get<std::string>()) : "") + "` without `--no-attribution` does that.";
}

std::string explain_it(const Evidence& e) {
  if (!judged(e, Kind::kDimensionalCollapse) || !can_be_measured(e) || e.explanation) return "";
  if (e.projector == "none" && projector_evidence(e).kind != ProjectorEvidence::Kind::kNoRemedy) return "";
  return "Run `directclr explain` on this run: it says whether the augmentation is too strong, and which part of it.";
}

std::string keep_best(const Evidence& e) {
  if (!e.fall) return "";
  return format(
      "Train with `--keep-best rank_r` to keep the network as it was at its highest effective rank (step %.0f, which "
      "need not be its best accuracy), or with, for example, `--stop-under rank=%.0f` to end once the effective rank "
      "is below %.0f, half-way down this fall.",
      e.fall->since, std::floor((e.fall->from + e.fall->to) / 2), std::floor((e.fall->from + e.fall->to) / 2));
}

std::string own_fall(const Evidence& e) {
  if (!e.fall) return "";
  return format(
      "Its effective rank was highest at step %.0f; `--stop-under rank=%.0f` would have ended it half-way down the "
      "fall.",
      e.fall->since, std::floor((e.fall->from + e.fall->to) / 2));
}

std::string use_r(const Evidence& e) {
  if (!e.embedding || !e.spectrum || e.embedding->verdict.kind != Kind::kDimensionalCollapse ||
      e.spectrum->verdict.kind != Kind::kHealthy) {
    return "";
  }
  return "Use the representation r (the encoder's output) for other tasks, not the embedding z behind the projector, "
         "whose directions have died.";
}

std::string finer_numbers(const Evidence& e) {
  const SpectrumResult* s = e.spectrum;
  if (!s || spectrum::hidden_at(*s, s->lines.dead_below) == 0) return "";
  const Json* const read = s->protocol.find("read");
  const std::string type = read ? read->value("dtype", "") : "";
  const std::string why = ": the rounding of " + (type.empty() ? "these numbers" : type) + " hides small directions.";
  if (type == "float16" || type == "bfloat16" || type.starts_with("float8")) return "Save the rows as float32" + why;
  if (type == "float32") {
    return "Compute and save the rows as float64, or subtract their mean before they are rounded to float32" + why;
  }
  return "Subtract the mean of the rows before they are rounded" + why;
}

std::string measure_accuracy(const Evidence& e) {
  if (!can_be_measured(e) || e.top1) return "";
  return "Run `directclr probe` on this run: it says what the network is worth for telling classes apart.";
}

}  // namespace

ProjectorEvidence projector_evidence(const Evidence& e) {
  if (!judged(e, Kind::kDimensionalCollapse) || e.projector != "none") return {};
  return projector_evidence(*e.spectrum, e.top1, e.peers);
}

std::string weaker(const std::string& operation) {
  for (const auto& entry : kWeaker) {
    if (entry.operation == operation) return entry.text;
  }
  return "";
}

std::string main_operation(const ExplanationResult& e) {
  constexpr double kHalf = 0.5;
  const std::string alone = " alone", without = "without ";
  if (e.attribution.empty()) return "";
  const double all = e.attribution.front().weak_share;
  const ExplanationResult::Attribution *most = nullptr, *least = nullptr;
  for (const auto& a : e.attribution) {
    if (a.name.ends_with(alone) && (!most || a.weak_share > most->weak_share)) most = &a;
    if (a.name.starts_with(without) && (!least || a.weak_share < least->weak_share)) least = &a;
  }
  if (!most || !least || !(most->weak_share >= kHalf * all)) return "";
  const std::string operation = most->name.substr(0, most->name.size() - alone.size());
  return least->name.substr(without.size()) == operation ? operation : "";
}

const Table<AdviceRule>& advice_rules() {
  static const Table<AdviceRule> rules(
      "rule",
      {{"more-rows", "the verdict is: too few rows to tell", more_rows},
       {"finish", "a run has not ended: the commands that look at its network need its end", finish_it},
       {"measure-spectrum", "nobody has measured the spectrum of a run", measure_spectrum,
        "Measure them: `directclr spectrum RUN` (RUN: the folder of the run)."},
       {"look-at-input", "all rows of a file are the same", look_at_input},
       {"find-cause", "rows of a file have dead directions", find_cause},
       {"subtract-mean", "the verdict is: almost one direction", subtract_mean},
       {"weaken-augmentation",
        "an explanation has found directions that the augmentation spreads more than the data, and one operation does "
        "most of it",
        weaken_augmentation},
       {"measure-operations",
        "an explanation has found directions that the augmentation spreads more than the data, and has not measured "
        "its operations",
        measure_operations},
       {"add-projector",
        "the representation of a run without projector has dead directions; where the comparison has runs that differ "
        "in the projector alone it says what they show",
        add_projector},
       {"explain",
        "the representation of a run has dead directions, although it has a projector or a projector is no remedy, and "
        "nobody has asked why",
        explain_it,
        "Run `directclr explain RUN` (RUN: the folder of the run): it says whether the augmentation is too strong, and "
        "which part of it."},
       {"keep-best", "the effective rank of r has fallen while the run was trained", keep_best,
        "Train with `--keep-best rank_r`: it keeps the network as it was at its highest effective rank, which need not "
        "be its best accuracy. When that was, and where one could stop, is said below, run by run.",
        own_fall},
       {"use-r", "the embedding has dead directions and the representation is healthy", use_r},
       {"finer-numbers", "rounding hides directions that would not count as dead", finer_numbers},
       {"measure-accuracy", "a run has no linear probe", measure_accuracy,
        "Run `directclr probe RUN` (RUN: the folder of the run): it says what the network is worth for telling classes "
        "apart."}});
  return rules;
}

std::vector<std::string> advise(const Evidence& evidence) {
  std::vector<std::string> advice;
  for (const auto& rule : advice_rules()) {
    if (std::string text = rule.text(evidence); !text.empty()) advice.push_back(std::move(text));
  }
  return advice;
}

std::vector<std::string> advise_all(const std::vector<std::pair<std::string, Evidence>>& runs) {
  std::vector<std::string> advice;
  for (const auto& rule : advice_rules()) {
    std::vector<std::pair<std::string, std::vector<std::string>>> said;  // what, and of which runs
    size_t speaks = 0;
    for (const auto& [name, evidence] : runs) speaks += rule.text(evidence).empty() ? 0 : 1;
    for (const auto& [name, evidence] : runs) {
      std::string text = rule.text(evidence);
      if (text.empty()) continue;
      if (speaks > 1 && *rule.several) text = rule.several;
      auto same = std::find_if(said.begin(), said.end(), [&](const auto& other) { return other.first == text; });
      if (same == said.end()) same = said.emplace(said.end(), text, std::vector<std::string>());
      same->second.push_back(in_quotes(name));
    }
    for (const auto& [text, names] : said) {
      advice.push_back((names.size() == runs.size() && runs.size() > 1 ? "All" : join(names)) + ": " + text);
    }
  }
  return advice;
}

}  // namespace directclr::report
