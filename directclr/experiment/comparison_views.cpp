#include "directclr/experiment/comparison_views.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/text.h"
#include "directclr/report/statistics.h"

namespace directclr::experiment {

Section::Table accuracy_table(const Results& results, const std::vector<Row>& rows, const AccuracyTable& form) {
  const bool published =
      std::any_of(rows.begin(), rows.end(), [](const Row& row) { return std::isfinite(row.published_top1); });
  Section::Table table{form.caption, {}};
  const auto add = [&](std::vector<std::string> cells) {
    if (!published) cells.erase(cells.begin() + 2);
    table.rows.push_back(std::move(cells));
  };
  add({form.rows, "probe, top-1 %", "the paper's", "seeds", "minus " + form.baseline_label,
       "P(better than " + form.baseline_label + ")", "k-NN, top-1 %", "effective rank of r", "dead directions of r"});
  for (const auto& row : rows) {
    const std::string& name = row.variant.name;
    std::string minus = "–", better = "–";
    if (!row.variant.baseline.empty() && name != row.variant.baseline) {
      const auto differences = paired(results, name, row.variant.baseline, probe_top1);
      minus = difference_text(differences);
      better = probability_text(differences);
    }
    add({row.variant.label, cell_with_interval(results, name, probe_top1, 2),
         std::isfinite(row.published_top1) ? format("%.1f", row.published_top1) : "–",
         std::to_string(values_of(results, name, probe_top1).size()), minus, better, cell(results, name, knn_top1, 2),
         cell(results, name, effective_rank, 1), cell(results, name, dead_directions, 1)});
  }
  return table;
}

report::Figure spectra_figure(const Results& results, const std::vector<Variant>& variants, const std::string& layer,
                              const std::string& title) {
  std::vector<report::SpectrumCurve> means;
  std::vector<std::vector<std::vector<double>>> all;
  for (const auto& variant : variants) {
    std::vector<std::vector<double>> spectra;
    for (const auto* run : results.of(variant.name)) {
      const auto found = run->spectra.find(layer);
      const auto* s = run->good() && found != run->spectra.end() ? &found->second : nullptr;
      if (s && (spectra.empty() || s->values.size() == spectra[0].size())) spectra.push_back(s->values);
    }
    if (spectra.empty()) continue;
    std::vector<double> mean(spectra[0].size());
    for (size_t k = 0; k < mean.size(); ++k) {
      double sum = 0;
      for (const auto& s : spectra) sum += std::log(std::max(s[k], 1e-300));
      mean[k] = std::exp(sum / static_cast<double>(spectra.size()));
    }
    means.push_back({variant.label, std::move(mean)});
    all.push_back(std::move(spectra));
  }
  report::Figure figure = report::spectrum_figure(title, means);
  figure.layer = layer;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].size() < 2) continue;
    auto& series = figure.series[i];
    for (size_t k = 0; k < series.y.size(); ++k) {
      double low = INFINITY, high = 0;
      for (const auto& s : all[i]) {
        low = std::min(low, s[k]);
        high = std::max(high, s[k]);
      }
      const bool measured = std::isfinite(series.y[k]);
      series.low.push_back(measured ? std::max(low, 1e-16 * series.y[0]) : NAN);
      series.high.push_back(measured ? high : NAN);
    }
  }
  return figure;
}

report::Series accuracy_curve(const Results& results, const std::string& name,
                              const std::vector<std::pair<double, std::string>>& variants) {
  report::Series curve{name, {}};
  for (const auto& [x, variant] : variants) {
    const auto values = values_of(results, variant, probe_top1);
    if (values.empty()) continue;
    curve.x.push_back(x);
    curve.y.push_back(report::sample(values).mean);
    curve.low.push_back(*std::min_element(values.begin(), values.end()));
    curve.high.push_back(*std::max_element(values.begin(), values.end()));
  }
  return curve;
}

}  // namespace directclr::experiment
