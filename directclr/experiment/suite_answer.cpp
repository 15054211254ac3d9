#include "directclr/experiment/suite_answer.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"
#include "directclr/experiment/comparison.h"
#include "directclr/experiment/scale.h"
#include "directclr/report/statistics.h"

namespace directclr::experiment {
namespace {

constexpr double kBeyondChance = 0.95;
constexpr double kCollapsedShare = 0.05;  // of the directions, as spectrum::VerdictSettings has it

// One way to train, by its means over seeds.
struct Standing {
  std::string name, label;
  double top1 = 0;
  double dead = NAN, dimensions = NAN;
};

double width_of_spectrum(const report::SpectrumResult& s) { return static_cast<double>(s.dimensions()); }

double mean_of(const std::vector<double>& values) { return report::sample(values).mean; }

// Those that have a result, the best first.
std::vector<Standing> standings(const Results& results) {
  std::vector<Standing> all;
  for (const auto& run : results.runs) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const auto& s) { return s.name == run.variant; });
    const auto top1 = values_of(results, run.variant, probe_top1);
    if (known || top1.empty()) continue;
    Standing& s = all.emplace_back();
    s.name = s.label = run.variant;
    for (const auto& variant : results.variants) {
      if (variant.name != run.variant) continue;
      if (!variant.label.empty()) s.label = variant.label;
      // "linear" alone could be the classifier.
      const auto projector = variant.settings.find("projector");
      if (projector == variant.settings.end()) continue;
      const bool without = projector->second == "none";
      if (projector->second == s.label) s.label = without ? "no projector" : s.label + " projector";
      if (!without && s.label.find(" projector") != std::string::npos) s.label = "the " + s.label;
    }
    s.top1 = mean_of(top1);
    s.dead = mean_of(values_of(results, run.variant, dead_directions));
    s.dimensions = mean_of(values_of(results, run.variant, of_spectrum("representation", width_of_spectrum)));
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.top1 > b.top1; });
  return all;
}

// A mean of counts: "12", and with one digit where it is no whole number, as in the tables.
std::string count_of(double mean) { return format(mean == std::round(mean) ? "%.0f" : "%.1f", mean); }

std::string dead_of(const Standing& s) {
  if (!std::isfinite(s.dead)) return "no spectrum";
  return count_of(s.dead) + " of " + count_of(s.dimensions) + " directions dead";
}

// Whether variants with more dead directions classify worse.
std::string hurt(const std::vector<Standing>& all) {
  constexpr size_t kFewest = 5;
  constexpr double kNone = 0.3, kStrong = 0.7;
  std::vector<double> dead, top1;
  for (const auto& s : all) {
    if (!std::isfinite(s.dead) || !std::isfinite(s.top1)) continue;
    dead.push_back(s.dead);
    top1.push_back(s.top1);
  }
  if (dead.size() < kFewest) {
    return format("Not known: that takes %zu ways to train, and here are %zu. ", kFewest, dead.size());
  }
  const double trend = report::rank_correlation(dead, top1);
  if (!std::isfinite(trend)) return "Not known: all lose as many directions, or all classify alike. ";
  const std::string numbers = format(
      " (rank correlation of dead directions and accuracy over %zu ways to train: %.2f; -1: the more are dead the "
      "lower the accuracy, 0: no relation). ",
      dead.size(), trend);
  if (trend <= -kStrong) return "Yes: the more directions are dead, the lower the accuracy" + numbers;
  if (trend < -kNone) return "Mixed: ways to train with more dead directions tend to classify worse" + numbers;
  const bool last_has_most = all.back().dead >= *std::max_element(dead.begin(), dead.end());
  if (last_has_most && trend > -kNone) {
    return "Mixed: the way to train with the most dead directions is the last in accuracy, but over all of them more "
           "dead directions do not go with less accuracy" +
           numbers;
  }
  return "No: ways to train with more dead directions do not classify worse here" + numbers;
}

// How far the first is ahead of the second, over seeds that both have.
struct Lead {
  size_t seeds = 0;
  bool certain = false;  // more than chance
};

Lead lead_of(const Results& results, const Standing& first, const Standing& second) {
  const auto differences = paired(results, first.name, second.name, probe_top1);
  return {differences.size(),
          differences.size() >= kFewestSeeds && report::probability_above_zero(differences) >= kBeyondChance};
}

std::string maybe_chance(const Lead& lead) {
  return "may be chance with " + (lead.seeds == 0 ? std::string("no seed in common") : seeds_text(lead.seeds));
}

std::string headline(const std::vector<Standing>& all, const Lead& lead) {
  const Standing& best = all.front();
  if (all.size() == 1) {
    return "With " + best.label + format(" %.1f %% of the test images are classified correctly", best.top1);
  }
  const std::string ways = format("Of %zu ways to train, ", all.size()) + best.label;
  if (lead.certain) return ways + format(" classifies best (%.1f %%)", best.top1);
  return ways + format(" has the highest accuracy, %.1f %% against %.1f %% with ", best.top1, all[1].top1) +
         all[1].label + ", which " + maybe_chance(lead);
}

// Of runs that mean nothing only that they are there.
report::Answer machinery_answer(const Results& results, const std::string& scale) {
  const auto good =
      std::count_if(results.runs.begin(), results.runs.end(), [](const RunRecord& run) { return run.good(); });
  const bool all = good == static_cast<std::ptrdiff_t>(results.runs.size());
  report::Answer answer;
  answer.mood = all ? "good" : "bad";
  answer.number = format("%td of %zu", good, results.runs.size());
  answer.counts = "runs have finished";
  answer.sentence = "A trial of the machinery: " + answer.number + " runs have finished. At the scale \"" + scale +
                    "\" the numbers below mean nothing.";
  if (!all) answer.advice.push_back("Start the same command again: it goes on with the runs that are missing.");
  answer.advice.push_back(
      "For numbers that count take another scale, such as `cpu`; `--dry-run` says how long its runs take.");
  return answer;
}

}  // namespace

report::Answer suite_answer(const Results& results) {
  if (const auto* scale = results.scale.empty() ? nullptr : &scales().at(results.scale);
      scale && scale->only_machinery) {
    return machinery_answer(results, scale->name);
  }
  report::Answer answer;
  const auto all = standings(results);
  if (all.empty()) {
    answer.mood = "open";
    answer.sentence = "No run has finished: there is nothing to compare yet.";
    answer.number = format("0 of %zu", results.runs.size());
    answer.counts = "runs are finished";
    answer.advice = {"Start the same command again: it goes on with the runs that are missing."};
    return answer;
  }
  const Standing &best = all.front(), &last = all.back();
  const auto worst = std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::isfinite(b.dead) && !(a.dead >= b.dead);
  });
  const Lead lead = all.size() > 1 ? lead_of(results, best, all[1]) : Lead{};
  answer.number = format("%.1f %%", best.top1);
  answer.counts = "of the test images classified correctly with " + best.label;
  answer.mood = "good";
  answer.sentence = headline(all, lead);
  if (std::isfinite(worst->dead) && all.size() > 1) {
    answer.sentence += "; " + worst->label + " has the most dead directions (" + count_of(worst->dead) + " of " +
                       count_of(worst->dimensions) + ")";
  }
  answer.sentence += ".";
  std::vector<std::string> collapsed;
  for (const auto& s : all) {
    if (s.dead >= kCollapsedShare * s.dimensions) collapsed.push_back(s.label + ": " + count_of(s.dead));
  }
  std::string gain = "There is nothing to compare it with.";
  if (all.size() > 1) {
    gain = first_upper(best.label) + format(" has %.1f points more than ", best.top1 - all[1].top1) + all[1].label +
           ", the next best: " +
           (lead.certain ? "more than chance (" + seeds_text(lead.seeds) + ")." : "that " + maybe_chance(lead) + ".");
    answer.advice.push_back(lead.certain ? "Use " + best.label + " on data like these."
                                         : "Do not choose between " + best.label + " and " + all[1].label +
                                               " by this: run more seeds (`--seeds`).");
  } else {
    answer.no_advice = "Run a second way to train, to have something to compare with.";
  }
  answer.terms =
      "Accuracy: of a linear classifier on the representation r, what the encoder gives (linear probe), mean over "
      "seeds. Dead: a direction of r whose variance is under 1/10,000 of the strongest direction's.";
  if (std::any_of(results.variants.begin(), results.variants.end(),
                  [](const auto& variant) { return variant.settings.contains("d0"); })) {
    answer.terms += " d0: how many dimensions of r reach the loss.";
  }
  answer.questions = {
      {"Which ways to train collapse?",
       collapsed.empty()
           ? "None. From 5 % dead directions on a way to train counts as collapsed."
           : "By their dead directions (from 5 % on it counts as collapsed): " + join(collapsed, "; ") + "."},
      {report::kDoesItHurt,
       hurt(all) + first_upper(best.label) + format(" has %.1f %% and ", best.top1) + dead_of(best) +
           (all.size() > 1 ? "; " + last.label + format(" %.1f %% and ", last.top1) + dead_of(last) + "." : ".")},
      {"Is the first better by more than chance?", gain},
      {report::kWhatToChange, answer.advice.empty() ? answer.no_advice : report::kSeeAdvice}};
  return answer;
}

}  // namespace directclr::experiment
