#include "directclr/report/run_answer.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/text.h"
#include "directclr/report/advice.h"
#include "directclr/report/plain_words.h"

namespace directclr::report {
namespace {

const SpectrumResult* layer_of(const RunResults& run, const char* layer) {
  const auto found = run.spectra.find(layer);
  return found == run.spectra.end() ? nullptr : &found->second;
}

// Of r; 0: no file says.
int64_t width_of_r(const RunResults& run) {
  const SpectrumResult* r = layer_of(run, "representation");
  return r ? r->dimensions() : run.spectra_log.r_dimensions;
}

Evidence evidence_of(const RunResults& run, const std::vector<RunResults>& beside) {
  Evidence e;
  e.spectrum = layer_of(run, "representation");
  e.embedding = layer_of(run, "embedding");
  e.explanation = run.explanation ? &*run.explanation : nullptr;
  e.projector = run.setting("projector");
  e.fall = fall_of(run.course("rank_r"));
  if (run.probe) e.top1 = run.probe->top1;
  e.peers = projector_peers(run, beside);
  return e;
}

std::string fall_text(const Fall& fall) {
  return format("at step %.0f they carried as much as %.1f equally strong ones, at the end as %.1f (effective rank)",
                fall.since, fall.from, fall.to);
}

// What the monitor saw last, for a run whose spectrum nobody has measured.
void answer_from_monitor(const RunResults& run, const Evidence& e, Answer& answer) {
  const Course dead = run.course("dead_r");
  const int64_t width = width_of_r(run);
  answer.mood = "open";
  answer.number = "?";
  answer.counts = "the spectrum is not measured yet";
  answer.advice.emplace_back("Measure it: `directclr spectrum` on this run.");
  if (dead.values.empty() || width == 0) {
    answer.sentence = "Nobody has measured yet whether this run has collapsed.";
    return;
  }
  answer.sentence = format("When training was last looked at, %.0f of %lld directions of the representation were dead",
                           dead.values.back(), static_cast<long long>(width)) +
                    (e.fall ? "; " + fall_text(*e.fall) : "") + ".";
  answer.number = format("%.0f of %lld", dead.values.back(), static_cast<long long>(width));
  answer.counts = "directions are dead, as the monitor saw it";
  answer.mood = collapsed_since(dead, width, spectrum::VerdictSettings{}.collapsed_share) ? "bad" : "open";
}

std::string since_when(const RunResults& run, const Evidence& e) {
  const Course dead = run.course("dead_r");
  const int64_t width = width_of_r(run);
  if (dead.values.empty() || width == 0) return "Not known: the run has no log of its training.";
  const spectrum::VerdictSettings lines = e.spectrum ? e.spectrum->lines : spectrum::VerdictSettings{};
  const auto since = collapsed_since(dead, width, lines.collapsed_share);
  std::string text =
      since ? format("From step %.0f on, to the end at step %.0f, at least %.0f %% of the directions were dead.",
                     *since, dead.steps.back(), 100 * lines.collapsed_share)
            : format("At the end of training, step %.0f, fewer than %.0f %% of the directions were dead.",
                     dead.steps.back(), 100 * lines.collapsed_share);
  if (since && *since == dead.steps.front()) text += " That is the first time anybody looked.";
  if (!since && e.spectrum && e.spectrum->verdict.kind == spectrum::Verdict::Kind::kDimensionalCollapse) {
    text += " That count, of the log, is of augmented training images, the verdict's of images as they are.";
  }
  if (e.fall) text += " Of all directions: " + fall_text(*e.fall) + ".";
  return text;
}

std::string why(const Evidence& e) {
  if (e.explanation)
    return e.explanation->conclusion.finding + " (`directclr explain`, confidence " +
           e.explanation->conclusion.confidence + ").";
  if (e.projector == "none" && e.spectrum &&
      e.spectrum->verdict.kind == spectrum::Verdict::Kind::kDimensionalCollapse) {
    const ProjectorEvidence seen = projector_evidence(e);
    if (seen.kind == ProjectorEvidence::Kind::kNoRemedy) {
      return "Not for want of a projector: " + seen.facts +
             ". `directclr explain` says whether the augmentation is "
             "too strong.";
    }
    return "This run has no projector, no small network between the representation and the loss: the loss works on the "
           "representation itself. Whether the augmentation is too strong besides, `directclr explain` says.";
  }
  return "Not measured. `directclr explain` on this run says.";
}

std::string does_it_hurt(const RunResults& run, const Evidence& e) {
  if (!run.probe) return "Not measured. `directclr probe` on this run says.";
  std::string text =
      format("A linear classifier on the representation as it is (linear probe) tells %.1f %% of the test images right",
             100 * run.probe->top1);
  if (run.baseline) text += format("; on the network before training it is %.1f %%", 100 * run.baseline->top1);
  std::vector<std::string> others;
  for (const auto& peer : e.peers) {
    if (peer.top1) others.push_back(format("%.1f %% of ", 100 * *peer.top1) + peer.name);
  }
  if (!others.empty()) return text + "; of runs that differ in the projector alone: " + join(others) + ".";
  return text + (run.baseline ? "." : ". Whether more were possible, only another run can say.");
}

}  // namespace

Answer run_answer(const RunResults& run, const std::vector<RunResults>& beside) {
  const Evidence e = evidence_of(run, beside);
  Answer answer;
  if (e.spectrum) {
    const HeadNumber head = head_number(*e.spectrum);
    answer.sentence = plain_verdict(*e.spectrum, " of the representation");
    answer.number = head.number;
    answer.counts = head.counts;
    answer.mood = mood_of(*e.spectrum);
    answer.terms = terms_of(*e.spectrum);
    if (e.fall && answer.mood != "bad") {
      answer.sentence = (answer.mood == "good" ? "Not collapsed, but directions were being lost while it trained: "
                                               : "Directions were being lost while it trained: ") +
                        fall_text(*e.fall) + ".";
      answer.mood = "open";
    }
  } else {
    answer_from_monitor(run, e, answer);
  }
  for (auto& text : advise(e)) answer.advice.push_back(std::move(text));
  if (answer.mood == "good") answer.no_advice = "Nothing: go on.";
  answer.questions = {{kIsItCollapsed, answer.sentence},
                      {kSinceWhen, since_when(run, e)},
                      {kWhy, why(e)},
                      {kDoesItHurt, does_it_hurt(run, e)},
                      {kWhatToChange, answer.advice.empty() ? answer.no_advice : join(answer.advice, " ")}};
  if (e.spectrum) answer.questions[0].answer = is_it_collapsed(*e.spectrum);
  return answer;
}

Answer runs_answer(const std::vector<RunResults>& runs) {
  if (runs.size() == 1) return run_answer(runs[0]);
  Answer all;
  std::vector<std::string> collapsed, open;
  const RunResults* best = nullptr;
  for (const auto& run : runs) {
    const Answer one = run_answer(run, runs);
    const std::string quoted = in_quotes(run.name);
    if (one.mood == "bad") collapsed.push_back(quoted);
    if (one.mood == "open") open.push_back(quoted);
    for (const auto& text : one.advice) {
      // The same advice for several runs is given once.
      const auto same = std::find_if(all.advice.begin(), all.advice.end(),
                                     [&](const auto& other) { return other.ends_with(": " + text); });
      if (same == all.advice.end()) {
        all.advice.push_back(quoted + ": " + text);
      } else {
        same->insert(same->size() - text.size() - 2, ", " + quoted);
      }
    }
    if (run.probe && (!best || run.probe->top1 > best->probe->top1)) best = &run;
  }
  all.number = format("%zu of %zu", collapsed.size(), runs.size());
  all.counts = "runs have collapsed";
  all.mood = !collapsed.empty() ? "bad" : !open.empty() ? "open" : "good";
  all.sentence =
      collapsed.empty() ? (runs.size() == 2 ? std::string("Neither run has collapsed")
                                            : format("None of the %zu runs has collapsed", runs.size()))
      : collapsed.size() == runs.size()
          ? (runs.size() == 2 ? std::string("Both runs have collapsed")
                              : format("All %zu runs have collapsed", runs.size()))
          : all.number + (collapsed.size() == 1 ? " runs has" : " runs have") + " collapsed (" + join(collapsed) + ")";
  if (!open.empty()) all.sentence += "; of " + join(open) + " it is open";
  if (best)
    all.sentence += "; " + in_quotes(best->name) + format(" classifies best (%.1f %%)", 100 * best->probe->top1);
  all.sentence += ".";
  all.terms =
      "Collapsed: at least 5 % of the directions of the representation r carry less than 1/10,000 of the largest "
      "variance (dimensional collapse), or none varies.";
  if (all.mood == "good") all.no_advice = "Nothing: go on.";
  return all;
}

}  // namespace directclr::report
