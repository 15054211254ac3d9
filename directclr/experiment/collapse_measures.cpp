#include "directclr/experiment/collapse_measures.h"

#include <set>

#include "directclr/core/text.h"
#include "directclr/experiment/comparison.h"
#include "directclr/report/statistics.h"
#include "directclr/spectrum/metrics.h"

namespace directclr::experiment {
namespace {

double sigma_rank(const report::SpectrumResult& s) { return s.effective_rank_sigma; }
double participation(const report::SpectrumResult& s) { return spectrum::participation_ratio(s.values); }
// The decade at which the middle of the spectrum lies.
double median_depth(const report::SpectrumResult& s) { return std::log10(s.values[s.values.size() / 2] / s.values[0]); }

void present_measures(Section& section, const Results& results, const std::filesystem::path&) {
  const std::pair<const char*, Measure> measures[] = {
      {"effective rank of r, lambda form", effective_rank},
      {"effective rank of r, sigma form", of_spectrum("representation", sigma_rank)},
      {"participation ratio of r", of_spectrum("representation", participation)},
      {"dead directions of r", dead_directions},
      {"log10 of the median eigenvalue of r over the largest", of_spectrum("representation", median_depth)},
      {"effective rank of z, lambda form", of_spectrum("embedding", lambda_rank)},
      {"k-NN accuracy", knn_top1},
  };
  std::set<std::string> variants;
  for (const auto& run : results.runs) {
    if (run.good()) variants.insert(run.variant);
  }
  if (variants.size() < 4) return;
  Section::Table table{
      "Spearman's rank correlation with the probe's accuracy over variants, each by its mean over seeds. So few points "
      "leave room for chance: of four, every 24th order is perfect.",
      {{"measure", "rank correlation", "variants"}}};
  for (const auto& [name, measure] : measures) {
    std::vector<double> x, y;
    for (const auto& variant : variants) {
      const auto values = values_of(results, variant, measure);
      if (values.empty()) continue;
      x.push_back(report::sample(values).mean);
      y.push_back(report::sample(values_of(results, variant, probe_top1)).mean);
    }
    const double correlation = report::rank_correlation(x, y);
    table.rows.push_back(
        {name, std::isfinite(correlation) ? format("%+.2f", correlation) : "–", std::to_string(x.size())});
  }
  section.tables.push_back(std::move(table));
}

}  // namespace

Suite collapse_measures() {
  return {"measures",
          "which measure of collapse goes with accuracy",
          "Which measure of collapse goes with accuracy",
          "",
          {},
          present_measures};
}

}  // namespace directclr::experiment
