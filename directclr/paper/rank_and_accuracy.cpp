#include <algorithm>
#include <cmath>

#include "directclr/core/text.h"
#include "directclr/paper/variants.h"
#include "directclr/report/statistics.h"

// Accuracy against effective rank over all variants, the figure of RankMe (Garrido et al., ICML 2023).

namespace directclr::paper {
namespace {

double sigma_rank(const report::SpectrumResult& s) { return s.effective_rank_sigma; }

std::vector<Variant> sweep(const Widths& widths) {
  std::vector<Variant> result = {direct(widths.d0)};
  for (const int64_t d0 : widths.sweep) {
    if (d0 != widths.d0 && d0 != widths.representation) result.push_back(direct(d0));
  }
  return result;
}

std::vector<Variant> others(const Widths& widths) {
  return {
      mlp(), linear(), no_projector(), orthogonal(), diagonal(), fixed_low_rank(widths.d0), random_dropout(widths.d0)};
}

std::vector<Variant> variants(const Widths& widths) {
  auto all = others(widths);
  const auto swept = sweep(widths);
  all.insert(all.end(), swept.begin(), swept.end());
  return all;
}

struct Point {
  double x, y;            // means over seeds
  double x_half, y_half;  // half the ranges over seeds
};

// Points drawn as crosses whose arms are the ranges over seeds, and long enough to be seen.
report::Series crosses(const std::string& name, const std::vector<Point>& points, double x_least, double y_least) {
  report::Series series{name, {}};
  for (const auto& p : points) {
    const double dx = std::max(p.x_half, x_least), dy = std::max(p.y_half, y_least);
    series.x.insert(series.x.end(), {p.x - dx, p.x + dx, p.x, p.x, p.x, p.x});
    series.y.insert(series.y.end(), {p.y, p.y, NAN, p.y - dy, p.y + dy, NAN});
  }
  return series;
}

void present(Section& section, const Results& results, const std::filesystem::path& figures) {
  const Measure rank = of_spectrum("representation", sigma_rank);
  std::vector<std::pair<std::string, std::vector<Point>>> families;
  Section::Table table{"", {{"projector", "effective rank of r, sigma form", "probe, top-1 %"}}};
  std::vector<double> x, y;
  const auto add = [&](const std::string& family, const Variant& variant) {
    table.rows.push_back({variant.label, cell(results, variant.name, rank, 1),
                          cell_with_interval(results, variant.name, probe_top1, 2)});
    const auto ranks = values_of(results, variant.name, rank);
    const auto accuracies = values_of(results, variant.name, probe_top1);
    if (ranks.empty() || accuracies.empty()) return;
    const auto half = [](const std::vector<double>& values) {
      const auto [low, high] = std::minmax_element(values.begin(), values.end());
      return (*high - *low) / 2;
    };
    x.push_back(report::sample(ranks).mean);
    y.push_back(report::sample(accuracies).mean);
    if (families.empty() || families.back().first != family) families.push_back({family, {}});
    families.back().second.push_back({x.back(), y.back(), half(ranks), half(accuracies)});
  };
  for (const auto& variant : others(results.widths)) add(variant.label, variant);
  for (const auto& variant : sweep(results.widths)) add("DirectCLR, every d0", variant);
  section.tables.push_back(std::move(table));
  if (x.size() < 2) {
    section.findings.push_back("Too few runs to show.");
    return;
  }
  const double correlation = report::rank_correlation(x, y);
  if (std::isfinite(correlation)) {
    section.findings.push_back(
        format("Spearman's rank correlation of effective rank and accuracy is %+.2f over %zu variants.", correlation,
               x.size()));
  }
  const auto extent = [](const std::vector<double>& values) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    return *high - *low;
  };
  report::Figure figure{"Linear probe against effective rank of r", "effective rank of r (sigma form)",
                        "top-1 accuracy, %"};
  for (const auto& [name, points] : families) {
    figure.series.push_back(crosses(name, points, 0.008 * extent(x), 0.012 * extent(y)));
  }
  section.draw(
      results, std::move(figure), figures,
      "A cross a variant, at its means over seeds; arms as long as the ranges over seeds, or long enough to be seen.");
}

}  // namespace

Suite rank_and_accuracy() {
  return {"rankme",
          "Not in the paper. The runs of all of these: does the probe follow the effective rank of r (RankMe)?",
          "Accuracy against effective rank",
          "It has no such figure. RankMe (Garrido et al., ICML 2023) plots the probe's accuracy against the effective "
          "rank of the features, exp of the entropy of their singular values, and finds that it rises with it over the "
          "hyper-parameters of one method, on ImageNet.",
          variants,
          present};
}

}  // namespace directclr::paper
