#include "directclr/experiment/comparison.h"

#include <algorithm>

#include "directclr/core/plain_numbers.h"
#include "directclr/core/text.h"
#include "directclr/report/statistics.h"

namespace directclr::experiment {
namespace {

const report::SpectrumResult* spectrum_of(const RunRecord& run, const std::string& layer) {
  const auto found = run.spectra.find(layer);
  return found == run.spectra.end() ? nullptr : &found->second;
}

// "P(...) = 0.93", or that so few seeds tell none.
std::string probability(const std::string& event, const std::vector<double>& differences) {
  if (differences.size() < kFewestSeeds) return "P(" + event + "): unknown from " + seeds_text(differences.size());
  const std::string p = probability_text(differences);
  return "P(" + event + ")" + (p[0] == '0' ? " = " : " ") + p;
}

}  // namespace

std::string seeds_text(size_t count) { return count == 1 ? "one seed" : format("%zu seeds", count); }

double probe_top1(const RunRecord& run) { return 100 * run.top1; }

double knn_top1(const RunRecord& run) { return 100 * run.knn; }

Measure of_spectrum(const std::string& layer, double (*value)(const report::SpectrumResult&)) {
  return [layer, value](const RunRecord& run) {
    const auto* s = spectrum_of(run, layer);
    return s ? value(*s) : NAN;
  };
}
double lambda_rank(const report::SpectrumResult& s) { return s.effective_rank_lambda; }
double dead_count(const report::SpectrumResult& s) { return spectrum::dead_directions(s); }

double dead_directions(const RunRecord& run) { return of_spectrum("representation", dead_count)(run); }
double effective_rank(const RunRecord& run) { return of_spectrum("representation", lambda_rank)(run); }

std::vector<double> values_of(const Results& results, const std::string& variant, const Measure& measure) {
  std::vector<double> values;
  for (const auto* run : results.of(variant)) {
    if (!run->good()) continue;
    if (const double value = measure(*run); std::isfinite(value)) values.push_back(value);
  }
  return values;
}

std::vector<double> paired(const Results& results, const std::string& a, const std::string& b, const Measure& measure) {
  std::vector<double> differences;
  for (const auto* one : results.of(a)) {
    for (const auto* other : results.of(b)) {
      if (one->seed != other->seed || !one->good() || !other->good()) continue;
      const double difference = measure(*one) - measure(*other);
      if (std::isfinite(difference)) differences.push_back(difference);
    }
  }
  return differences;
}

// Two digits; few seeds leave none of them certain.
std::string probability_text(const std::vector<double>& differences) {
  if (differences.size() < kFewestSeeds) return "–";
  const double p = report::probability_above_zero(differences);
  return p > 0.995 ? "> 0.99" : p < 0.005 ? "< 0.01" : format("%.2f", p);
}

std::string difference_text(const std::vector<double>& differences) {
  if (differences.empty()) return "–";
  const auto s = report::sample(differences);
  return format("%+.2f", s.mean) + (s.count > 1 ? format(" ± %.2f", s.sd) : "");
}

std::string cell(const Results& results, const std::string& variant, const Measure& measure, int digits) {
  const auto values = values_of(results, variant, measure);
  if (values.empty()) {
    const auto runs = results.of(variant);
    if (std::any_of(runs.begin(), runs.end(), [](const auto* run) { return run->good(); })) return "–";
    const bool tried = std::any_of(runs.begin(), runs.end(), [](const auto* run) { return run->problem != kNotRun; });
    return tried ? "failed" : "not run";
  }
  const auto s = report::sample(values);
  return s.count == 1 ? format("%.*f (one seed)", digits, s.mean) : format("%.*f ± %.*f", digits, s.mean, digits, s.sd);
}

std::string cell_with_interval(const Results& results, const std::string& variant, const Measure& measure, int digits) {
  const auto s = report::sample(values_of(results, variant, measure));
  return cell(results, variant, measure, digits) +
         (s.count > 1 ? format(" [%.*f, %.*f]", digits, s.low, digits, s.high) : "");
}

std::string ordering(const Results& results, const Row& above, const Row& below) {
  const auto differences = paired(results, above.variant.name, below.variant.name, probe_top1);
  const std::string event = above.variant.label + " > " + below.variant.label;
  if (differences.empty()) return "P(" + event + "): no pair of runs";
  const auto s = report::sample(differences);
  std::string text = probability(event, differences) +
                     format(": %+.2f points on average over %s", s.mean, seeds_text(differences.size()).c_str());
  if (std::isfinite(above.published_top1) && std::isfinite(below.published_top1)) {
    text += format("; the paper: %.1f and %.1f", above.published_top1, below.published_top1);
  } else if (s.count > 1) {
    text += format(", 95 %% interval [%+.2f, %+.2f]", s.low, s.high);
  }
  return text + ".";
}

std::string comparison(const Results& results, const Variant& above, const Variant& below, const Measure& measure,
                       const std::string& name) {
  const auto differences = paired(results, above.name, below.name, measure);
  const std::string event = above.label + " has more " + name + " than " + below.label;
  if (differences.empty()) return "P(" + event + "): no pair of runs";
  return probability(event, differences) +
         format(": %.1f against %.1f, mean of %s.", report::sample(values_of(results, above.name, measure)).mean,
                report::sample(values_of(results, below.name, measure)).mean, seeds_text(differences.size()).c_str());
}

}  // namespace directclr::experiment
