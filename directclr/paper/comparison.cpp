#include "directclr/paper/comparison.h"

#include <algorithm>

#include "directclr/core/text.h"
#include "directclr/report/statistics.h"

namespace directclr::paper {
namespace {

const report::SpectrumResult* spectrum_of(const RunRecord& run, const std::string& layer) {
  const auto found = run.spectra.find(layer);
  return found == run.spectra.end() ? nullptr : &found->second;
}

std::string seeds_text(size_t count) { return count == 1 ? "one seed" : format("%zu seeds", count); }

// Two digits; so few seeds leave none of them certain.
std::string probability_text(const std::vector<double>& differences) {
  const double p = report::probability_above_zero(differences);
  return p > 0.995 ? "> 0.99" : p < 0.005 ? "< 0.01" : format("%.2f", p);
}

// "P(...) = 0.93", or that one seed tells none.
std::string probability(const std::string& event, const std::vector<double>& differences) {
  if (differences.size() < 2) return "P(" + event + "): unknown from one seed";
  const std::string p = probability_text(differences);
  return "P(" + event + ")" + (p[0] == '0' ? " = " : " ") + p;
}

std::string with_sign(double value, int digits) { return format("%+.*f", digits, value); }

}  // namespace

double probe_top1(const RunRecord& run) { return 100 * run.top1; }

double knn_top1(const RunRecord& run) { return 100 * run.knn; }

Measure of_spectrum(const std::string& layer, double (*value)(const report::SpectrumResult&)) {
  return [layer, value](const RunRecord& run) {
    const auto* s = spectrum_of(run, layer);
    return s ? value(*s) : NAN;
  };
}
double lambda_rank(const report::SpectrumResult& s) { return s.effective_rank_lambda; }
double dead_count(const report::SpectrumResult& s) { return static_cast<double>(s.below_1e_4); }

double dead_directions(const RunRecord& run) { return of_spectrum("representation", dead_count)(run); }
double effective_rank(const RunRecord& run) { return of_spectrum("representation", lambda_rank)(run); }

std::vector<double> values_of(const SuiteResults& results, const std::string& variant, const Measure& measure) {
  std::vector<double> values;
  for (const auto* run : results.of(variant)) {
    if (!run->good()) continue;
    if (const double value = measure(*run); std::isfinite(value)) values.push_back(value);
  }
  return values;
}

std::vector<double> paired(const SuiteResults& results, const std::string& a, const std::string& b,
                           const Measure& measure) {
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

std::string cell(const SuiteResults& results, const std::string& variant, const Measure& measure, int digits) {
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

std::string cell_with_interval(const SuiteResults& results, const std::string& variant, const Measure& measure,
                               int digits) {
  const auto s = report::sample(values_of(results, variant, measure));
  return cell(results, variant, measure, digits) +
         (s.count > 1 ? format(" [%.*f, %.*f]", digits, s.low, digits, s.high) : "");
}

SuiteResult::Table accuracy_table(const SuiteResults& results, const std::vector<Row>& rows,
                                  const std::string& caption) {
  SuiteResult::Table table{caption,
                           {{"projector", "probe, top-1 %", "the paper's", "seeds", "minus none", "P(better than none)",
                             "k-NN, top-1 %", "effective rank of r", "dead directions of r"}}};
  const std::string none = no_projector().name;
  for (const auto& row : rows) {
    const std::string& name = row.variant.name;
    const auto differences = paired(results, name, none, probe_top1);
    const bool itself = name == none;
    const auto s = report::sample(differences);
    std::string minus = "–", better = "–";
    if (!itself && s.count > 0) {
      minus = with_sign(s.mean, 2) + (s.count > 1 ? format(" ± %.2f", s.sd) : "");
      if (s.count > 1) better = probability_text(differences);
    }
    table.rows.push_back({row.variant.label, cell_with_interval(results, name, probe_top1, 2),
                          std::isfinite(row.paper_top1) ? format("%.1f", row.paper_top1) : "–",
                          std::to_string(values_of(results, name, probe_top1).size()), minus, better,
                          cell(results, name, knn_top1, 2), cell(results, name, effective_rank, 1),
                          cell(results, name, dead_directions, 1)});
  }
  return table;
}

std::string ordering(const SuiteResults& results, const Row& above, const Row& below) {
  const auto differences = paired(results, above.variant.name, below.variant.name, probe_top1);
  const std::string event = above.variant.label + " > " + below.variant.label;
  if (differences.empty()) return "P(" + event + "): no pair of runs";
  return probability(event, differences) + format(": %s points on average over %s; the paper: %.1f and %.1f.",
                                                  with_sign(report::sample(differences).mean, 2).c_str(),
                                                  seeds_text(differences.size()).c_str(), above.paper_top1,
                                                  below.paper_top1);
}

std::string comparison(const SuiteResults& results, const Variant& above, const Variant& below, const Measure& measure,
                       const std::string& name) {
  const auto differences = paired(results, above.name, below.name, measure);
  const std::string event = above.label + " has more " + name + " than " + below.label;
  if (differences.empty()) return "P(" + event + "): no pair of runs";
  return probability(event, differences) +
         format(": %.1f against %.1f, mean of %s.", report::sample(values_of(results, above.name, measure)).mean,
                report::sample(values_of(results, below.name, measure)).mean, seeds_text(differences.size()).c_str());
}

report::Figure spectra_figure(const SuiteResults& results, const std::vector<Variant>& variants,
                              const std::string& layer, const std::string& title) {
  std::vector<std::pair<std::string, std::vector<double>>> means;
  std::vector<std::vector<std::vector<double>>> all;
  for (const auto& variant : variants) {
    std::vector<std::vector<double>> spectra;
    for (const auto* run : results.of(variant.name)) {
      const auto* s = run->good() ? spectrum_of(*run, layer) : nullptr;
      if (s && (spectra.empty() || s->values.size() == spectra[0].size())) spectra.push_back(s->values);
    }
    if (spectra.empty()) continue;
    std::vector<double> mean(spectra[0].size());
    for (size_t k = 0; k < mean.size(); ++k) {
      double sum = 0;
      for (const auto& s : spectra) sum += std::log(std::max(s[k], 1e-300));
      mean[k] = std::exp(sum / static_cast<double>(spectra.size()));
    }
    means.emplace_back(variant.label, std::move(mean));
    all.push_back(std::move(spectra));
  }
  report::Figure figure = report::spectrum_figure(title, means);
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].size() < 2) continue;
    auto& series = figure.series[i];
    const double floor = 1e-20 * series.y[0];
    for (size_t k = 0; k < series.y.size(); ++k) {
      double low = INFINITY, high = 0;
      for (const auto& s : all[i]) {
        low = std::min(low, s[k]);
        high = std::max(high, s[k]);
      }
      series.low.push_back(std::max(low, floor));
      series.high.push_back(std::max(high, floor));
    }
  }
  return figure;
}

}  // namespace directclr::paper
