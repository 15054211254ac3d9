#include "directclr/report/run_answer.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"
#include "directclr/report/advice.h"
#include "directclr/report/live_run.h"
#include "directclr/report/plain_words.h"

namespace directclr::report {
namespace {

const SpectrumResult* layer_of(const RunResults& run, const char* layer) {
  const auto found = run.spectra.find(layer);
  return found == run.spectra.end() ? nullptr : &found->second;
}

Evidence evidence_of(const RunResults& run, const std::vector<RunResults>& beside) {
  Evidence e;
  e.spectrum = layer_of(run, "representation");
  e.embedding = layer_of(run, "embedding");
  e.explanation = run.explanation ? &*run.explanation : nullptr;
  e.projector = run.setting("projector");
  e.fall = fall_of(run.course("rank_r"));
  if (!run.ended()) {
    const LiveRun live = live_run(run);
    e.unfinished = live.doing;
    e.resume = live.resume;
  }
  if (run.probe) e.top1 = run.probe->top1;
  e.peers = projector_peers(run, beside);
  e.setting = [&run](const std::string& name) { return run.setting(name); };
  return e;
}

const char* const kNeedsTheEnd = "Not measured: that takes a run that has ended.";

std::string fall_text(const Evidence& e) {
  return format("it peaked at %.1f (step %.0f) and ", e.fall->from, e.fall->since) +
         format(e.unfinished.empty() ? "ended at %.1f" : "was %.1f when last looked at", e.fall->to);
}

// What the monitor saw last, for a run whose spectrum nobody has measured.
void answer_from_monitor(const RunResults& run, const Evidence& e, Answer& answer) {
  const Course dead = run.course("dead_r");
  const int64_t width = run.width_of_r();
  answer.mood = "open";
  answer.number = "?";
  answer.counts = "the spectrum is not measured yet";
  if (!e.unfinished.empty()) answer.sentence = "This run " + e.unfinished + ". ";
  if (!run.metrics.contains("dead_r")) {
    answer.sentence += "Nobody has measured yet whether this run has collapsed.";
    return;
  }
  if (!run.dead_now()) {
    answer.sentence +=
        "When training was last looked at, rounding hid how many directions of the representation were dead.";
    return;
  }
  const std::string of_all = width > 0 ? " of " + count_text(width) : "";
  answer.number = format("%.0f", dead.values.back()) + of_all;
  answer.counts =
      "directions are dead, as the monitor saw it" + std::string(width > 0 ? "" : "; no file says of how many");
  answer.sentence += "When training was last looked at, " + answer.number +
                     " directions of the representation were dead" +
                     (e.fall ? "; of the effective rank: " + fall_text(e) : "") + ".";
  if (width > 0 && collapsed_since(dead, width, spectrum::VerdictSettings{}.collapsed_share)) answer.mood = "bad";
}

std::string since_when(const RunResults& run, const Evidence& e, bool alone) {
  const Course dead = run.course("dead_r");
  const int64_t width = run.width_of_r();
  if (run.metrics.empty()) return "Not known: the run has no log of its training.";
  if (!run.metrics.contains("dead_r")) return "Not known: the log of the training does not count dead directions.";
  if (!run.dead_now()) return "Not known: at the end of the training rounding hides how many directions are dead.";
  const spectrum::VerdictSettings lines = e.spectrum ? e.spectrum->lines : spectrum::VerdictSettings{};
  const auto since = collapsed_since(dead, width, lines.collapsed_share);
  const double last = dead.steps.back();
  std::string text = since ? format("Collapsed from step %.0f on, to the end of its log, step %.0f.", *since, last)
                           : format("Not collapsed at the end of its log, step %.0f.", last);
  if (width == 0 && dead.values.back() > 0) {
    return format(
        "Not known: at the end of its log, step %.0f, %.0f directions were dead, and no file says of how "
        "many.",
        last, dead.values.back());
  }
  if (alone) text += format(" (It counts as collapsed from %.0f %% dead directions on.)", 100 * lines.collapsed_share);
  if (since && *since == dead.steps.front()) text += " That is the first time anybody looked.";
  if (!since && e.spectrum && e.spectrum->verdict.kind == spectrum::Verdict::Kind::kDimensionalCollapse) {
    text += " That count, of the log, is of augmented training images, the verdict's of images as they are.";
  }
  if (e.fall) {
    text += format(e.fall->still ? " Its effective rank falls since step %.0f"
                                 : " Its effective rank fell after step %.0f "
                                   "and holds now",
                   e.fall->since) +
            format(": in the training log it peaked at %.1f and ended at %.1f.", e.fall->from, e.fall->to);
  }
  return text;
}

// Of the runs with a projector that can be compared, that with fewest dead directions.
std::string fewest_with_one(const Evidence& e) {
  const ProjectorPeer* fewest = nullptr;
  for (const auto& peer : e.peers) {
    if (peer.projector == "none" || !peer.spectrum) continue;
    if (!fewest || peer.spectrum->verdict.dead < fewest->spectrum->verdict.dead) fewest = &peer;
  }
  return "with one at least " + count_text(fewest->spectrum->verdict.dead) + " directions are dead (run " +
         in_quotes(fewest->name) + "), here " + count_text(e.spectrum->verdict.dead);
}

std::string why(const Evidence& e) {
  if (e.explanation && e.explanation->conclusion.confidence == "none") {
    return "Not known: `directclr explain` looked at " + count_text(e.explanation->images) +
           " images, too few to tell; its page says what would do.";
  }
  if (e.explanation)
    return e.explanation->conclusion.finding +
           " (by `directclr explain`; confidence: " + e.explanation->conclusion.confidence + ").";
  if (!e.unfinished.empty()) return kNeedsTheEnd;
  if (e.projector == "none" && e.spectrum &&
      e.spectrum->verdict.kind == spectrum::Verdict::Kind::kDimensionalCollapse) {
    const ProjectorEvidence seen = projector_evidence(e);
    if (seen.kind == ProjectorEvidence::Kind::kNoRemedy) {
      return "Not for want of a projector: " + fewest_with_one(e) +
             ". `directclr explain RUN` (RUN: the folder of this run) says whether the augmentation is too strong.";
    }
    return "This run has no projector (a small network between the representation and the loss), so the loss works on "
           "the representation itself. `directclr explain RUN` says whether the augmentation is too strong as well.";
  }
  return "Not measured. Run `directclr explain RUN` (RUN: the folder of this run).";
}

// What the words for several runs leave out.
std::vector<std::string> own_advice(const Evidence& e) {
  std::vector<std::string> own;
  for (const auto& rule : advice_rules()) {
    if (std::string text = rule.own ? rule.own(e) : ""; !text.empty()) own.push_back(std::move(text));
  }
  return own;
}

std::string does_it_hurt(const RunResults& run, const Evidence& e, const std::vector<RunResults>& beside) {
  if (!run.probe && !e.unfinished.empty()) return kNeedsTheEnd;
  if (!run.probe) return "Not measured. Run `directclr probe RUN` (RUN: the folder of this run).";
  std::string text =
      format("A linear classifier on the representation (linear probe) classifies %.1f %% of the test images correctly",
             100 * run.probe->top1);
  if (run.baseline) text += format("; on the network before training it is %.1f %%", 100 * run.baseline->top1);
  const ProjectorPeer* best = nullptr;  // of the runs beside
  for (const auto& peer : e.peers) {
    if (peer.top1 && (!best || *peer.top1 > *best->top1)) best = &peer;
  }
  if (best && *best->top1 > run.probe->top1) {
    return text +
           format("; of the runs that differ in the projector alone the best has %.1f %% (run ", 100 * *best->top1) +
           in_quotes(best->name) + ").";
  }
  if (best) return text + "; none of the runs that differ in the projector alone has more.";
  if (run.baseline) return text + ".";
  text += ". There is nothing to compare with: ";
  if (!e.peers.empty()) {
    std::vector<std::string> names;
    for (const auto& peer : e.peers) names.push_back(in_quotes(peer.name));
    return text + "of the runs that differ in the projector alone (" + join(names) +
           ") nobody has measured it in the same way.";
  }
  if (const std::string nearest = nearest_to_a_peer(run, beside); !nearest.empty()) {
    return text + "of the runs beside it none differs in the projector alone (" + nearest + ").";
  }
  return text + (e.projector == "none" ? "run once with a projector." : "run once with another projector or none.");
}

// Whether their accuracies are of the same images.
bool on_the_same_data(const std::vector<RunResults>& runs) {
  const auto fingerprint = [](const RunResults& run) {
    const auto found = run.environment.find("data_fingerprint");
    return found == run.environment.end() ? "" : found->second;
  };
  return std::all_of(runs.begin(), runs.end(), [&](const auto& run) {
    return run.setting("data") == runs[0].setting("data") && fingerprint(run) == fingerprint(runs[0]);
  });
}

}  // namespace

Answer run_answer(const RunResults& run, const std::vector<RunResults>& beside) {
  const Evidence e = evidence_of(run, beside);
  Answer answer;
  std::string collapsed;  // what is said to "Is it collapsed?"; empty: the sentence
  if (e.spectrum) {
    collapsed = is_it_collapsed(*e.spectrum);
    const HeadNumber head = head_number(*e.spectrum);
    answer.sentence = plain_verdict(*e.spectrum, " of the representation");
    answer.number = head.number;
    answer.counts = head.counts;
    answer.mood = mood_of(*e.spectrum);
    answer.terms = terms_of(*e.spectrum);
    if (const Course& ranks = run.course("rank_r"); !ranks.values.empty()) {
      answer.terms += format(
          " It is measured on images as they are; the training log has a moving average over augmented "
          "images, which ended at %.1f.",
          ranks.values.back());
    }
    answer.terms += " The representation r is what the encoder gives, the embedding z what the loss sees.";
    if (e.fall && answer.mood != "bad") {
      answer.sentence = std::string(answer.mood == "good" ? "Not collapsed yet, but its" : "The") + " effective rank " +
                        (e.fall->still ? "falls: " : "fell: ") + fall_text(e) + ".";
      answer.number = format("%.1f of %lld", e.fall->to, static_cast<long long>(e.spectrum->dimensions()));
      answer.counts = "effective rank at the end of its log: how many directions are really used";
      if (answer.mood == "good") {
        collapsed = std::string("Not yet, but its effective rank ") + (e.fall->still ? "falls. " : "fell. ") +
                    first_upper(e.spectrum->verdict.text) + ".";
      }
      answer.mood = "open";
    }
  } else {
    answer_from_monitor(run, e, answer);
  }
  for (auto& text : advise(e)) answer.advice.push_back(std::move(text));
  if (answer.mood == "good") answer.no_advice = "Nothing needs to change.";
  std::string change = answer.advice.empty() ? answer.no_advice : kSeeAdvice;
  if (beside.size() > 1 && !own_advice(e).empty()) change = join(own_advice(e), " ");
  answer.questions = {{kIsItCollapsed, collapsed.empty() ? answer.sentence : collapsed},
                      {kSinceWhen, since_when(run, e, beside.size() < 2)},
                      {kWhy, why(e)},
                      {kDoesItHurt, does_it_hurt(run, e, beside)},
                      {kWhatToChange, std::move(change)}};
  return answer;
}

namespace {

// Of runs on the same data, measured in the same way: whether those with fewer dead directions classify better, by all
// pairs of them that differ in accuracy.
std::string does_it_hurt_them(const std::vector<RunResults>& runs) {
  struct Measured {
    const RunResults* run;
    const SpectrumResult* r;
    double top1() const { return run->probe->top1; }
    std::string name() const { return in_quotes(run->name) + format(" (%.1f %%)", 100 * top1()); }
  };
  std::vector<Measured> all;
  for (const auto& run : runs) {
    const SpectrumResult* r = layer_of(run, "representation");
    if (!run.probe || !r || !spectrum::entry_of(r->verdict.kind).tells) continue;
    if (!all.empty() && (run.setting("data") != all[0].run->setting("data") ||
                         run.probe->protocol != all[0].run->probe->protocol || !measured_alike(*r, *all[0].r))) {
      return "";
    }
    all.push_back({&run, r});
  }
  if (all.size() < 2) return "";
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.top1() > b.top1(); });
  int64_t fewer = 0, more = 0, even = 0;  // pairs: what the better one has of dead directions
  std::vector<std::string> order;
  for (auto better = all.begin(); better != all.end(); ++better) {
    order.push_back(better->name() + " " + count_text(better->r->verdict.dead));
    for (auto worse = better + 1; worse != all.end(); ++worse) {
      if (worse->top1() == better->top1()) continue;
      const int64_t less = worse->r->verdict.dead - better->r->verdict.dead;
      ++(less > 0 ? fewer : less < 0 ? more : even);
    }
  }
  const int64_t pairs = fewer + more + even;
  if (pairs == 0) return "";
  const std::string reading =
      even == pairs    ? "Not to be seen here: those that classify differently have as many dead directions. "
      : fewer == pairs ? "Here the fewer directions are dead, the better a run classifies. "
      : more == pairs
          ? "Not by itself, here: the more directions are dead, the better a run classifies. "
          : "Here the two do not go together throughout: of " + count_text(pairs) +
                " pairs of runs the one that classifies better has fewer dead directions in " + count_text(fewer) +
                ", more in " + count_text(more) + " and as many in " + count_text(even) + ". ";
  return reading + "From the best to the last, dead of " + count_text(all[0].r->dimensions()) +
         " directions: " + join(order) + ". One run each: another seed may order close ones differently.";
}

}  // namespace

Answer runs_answer(const std::vector<RunResults>& runs) {
  if (runs.size() == 1) return run_answer(runs[0]);
  Answer all;
  std::vector<std::string> collapsed, open, unfinished;
  std::vector<std::pair<std::string, Evidence>> evidence;
  const RunResults* best = nullptr;
  for (const auto& run : runs) {
    const Answer one = run_answer(run, runs);
    const std::string quoted = in_quotes(run.name);
    if (one.mood == "bad") collapsed.push_back(quoted);
    if (one.mood == "open") open.push_back(quoted);
    if (!run.ended()) unfinished.push_back(quoted);
    if (run.probe && (!best || run.probe->top1 > best->probe->top1)) best = &run;
    evidence.emplace_back(run.name, evidence_of(run, runs));
  }
  all.advice = advise_all(evidence);
  all.number = format("%zu of %zu", collapsed.size(), runs.size());
  all.counts = std::string("runs ") + have(static_cast<int64_t>(collapsed.size())) + " collapsed";
  all.mood = !collapsed.empty() ? "bad" : !open.empty() ? "open" : "good";
  all.sentence = collapsed.empty() ? (!open.empty()      ? std::string("No run is known to have collapsed")
                                      : runs.size() == 2 ? std::string("Neither run has collapsed")
                                                         : format("None of the %zu runs has collapsed", runs.size()))
                 : collapsed.size() == runs.size()
                     ? (runs.size() == 2 ? std::string("Both runs have collapsed")
                                         : format("All %zu runs have collapsed", runs.size()))
                     : all.number + " runs " + have(static_cast<int64_t>(collapsed.size())) + " collapsed (" +
                           join(collapsed) + ")";
  if (!open.empty()) all.sentence += "; of " + join(open) + " it is open";
  if (!unfinished.empty()) {
    all.sentence += "; " + join(unfinished) + (unfinished.size() == 1 ? " has not ended" : " have not ended");
  }
  if (best && on_the_same_data(runs))
    all.sentence += "; " + in_quotes(best->name) + format(" classifies best (%.1f %%)", 100 * best->probe->top1);
  all.sentence += ".";
  all.terms =
      "Collapsed: at least 5 % of the directions of r are dead, with a variance under 1/10,000 of the strongest "
      "direction's (dimensional collapse), or none varies. r: the representation, what the encoder gives.";
  if (all.mood == "good") all.no_advice = "Nothing needs to change.";
  if (std::string text = does_it_hurt_them(runs); !text.empty()) all.questions = {{kDoesItHurt, std::move(text)}};
  return all;
}

}  // namespace directclr::report
