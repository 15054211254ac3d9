#include <algorithm>
#include <cmath>

#include "directclr/core/text.h"
#include "directclr/experiment/collapse_measures.h"
#include "directclr/experiment/comparison_views.h"
#include "directclr/experiment/experiment_file.h"

// The suite of an experiment of the user's own: a table, findings against the baseline, spectra, accuracy over a
// number.

namespace directclr::experiment {
namespace {

const Variant* named(const std::vector<Variant>& variants, const std::string& name) {
  const auto found = std::find_if(variants.begin(), variants.end(), [&](const auto& v) { return v.name == name; });
  return found == variants.end() ? nullptr : &*found;
}

AccuracyTable table_form(const std::vector<Variant>& variants) {
  AccuracyTable form{"", "variant", "baseline"};
  const Variant* first = named(variants, variants.front().baseline);
  const bool one = std::all_of(variants.begin(), variants.end(),
                               [&](const auto& v) { return v.baseline == variants.front().baseline; });
  if (first && one) form.baseline_label = first->label;
  if (first && !one) form.caption = "Each is compared with its baseline at the same other settings.";
  return form;
}

// Which variant has which value of the grid's only setting, if that is a number: one curve for each of [variants].
std::vector<report::Series> curves_over(const std::string& setting, const std::vector<Variant>& variants,
                                        const Results& results) {
  std::vector<std::pair<std::string, std::vector<std::pair<double, std::string>>>> groups;
  for (const auto& variant : variants) {
    const std::string tail = setting + " " + variant.settings.back().second;  // of the label, after ", "
    std::string group = variant.label.substr(0, variant.label.size() - tail.size());
    group = group.empty() ? "accuracy" : group.substr(0, group.size() - 2);
    double x = 0;
    if (!parse_double(variant.settings.back().second, x)) return {};
    if (groups.empty() || groups.back().first != group) groups.push_back({group, {}});
    groups.back().second.emplace_back(x, variant.name);
  }
  std::vector<report::Series> curves;
  for (auto& [name, points] : groups) {
    std::sort(points.begin(), points.end());
    report::Series curve = accuracy_curve(results, name, points);
    if (curve.x.size() > 1) curves.push_back(std::move(curve));
  }
  return curves;
}

void show(const std::vector<Variant>& variants, const std::vector<std::string>& grid, Section& section,
          const Results& results, const std::filesystem::path& figures) {
  std::vector<Row> rows;
  for (const auto& variant : variants) rows.push_back({variant});
  section.tables.push_back(accuracy_table(results, rows, table_form(variants)));
  for (const auto& variant : variants) {
    const Variant* baseline = named(variants, variant.baseline);
    if (baseline && baseline != &variant) section.findings.push_back(ordering(results, {variant}, {*baseline}));
  }
  if (grid.size() == 1) {
    report::Figure figure{"Linear probe over " + grid[0], grid[0], "top-1 accuracy, %"};
    figure.series = curves_over(grid[0], variants, results);
    if (!figure.series.empty()) {
      section.draw(results, std::move(figure), figures, "Mean over seeds; the band is their range.", "-" + grid[0]);
    }
  }
  if (variants.size() > kMostCurves) return;
  for (const char* layer : {"representation", "embedding"}) {
    auto figure = spectra_figure(results, variants, layer,
                                 layer == std::string("embedding") ? "Embedding z" : "Representation r");
    if (figure.series.empty()) continue;
    section.draw(results, std::move(figure), figures,
                 std::string("Spectrum of the ") + layer +
                     "'s covariance by variant, logarithmic: geometric mean over seeds; bands: range over seeds.",
                 std::string("-") + layer);
  }
}

}  // namespace

Experiment to_experiment(const ExperimentFile& file) {
  const auto variants = file.variants;
  const auto grid = file.varied;
  Suite suite{file.name,
              "",
              "Comparison",
              "",
              [variants](const Widths&) { return variants; },
              [variants, grid](Section& section, const Results& results, const std::filesystem::path& figures) {
                show(variants, grid, section, results, figures);
              }};
  return {{file.title}, file.scale, {std::move(suite), collapse_measures()}};
}

}  // namespace directclr::experiment
