#include <algorithm>

#include "directclr/core/text.h"
#include "directclr/paper/comparison.h"
#include "directclr/report/statistics.h"

// Figure 12: DirectCLR's accuracy over d0.

namespace directclr::paper {
namespace {

// The loss on all dimensions is that without a projector.
Variant at(int64_t d0, const Widths& widths) { return d0 == widths.representation ? no_projector() : direct(d0); }

std::vector<Variant> variants(const Widths& widths) {
  std::vector<Variant> result;
  for (const int64_t d0 : widths.sweep) result.push_back(at(d0, widths));
  return result;
}

SuiteResult present(const SuiteResults& results, const std::filesystem::path& figures) {
  SuiteResult result{
      figure12().name, figure12().title,
      "On ImageNet the accuracy is best at d0 = 360 of 2048, and falls towards d0 = 0 and towards d0 = 2048, "
      "where it is that without a projector."};
  report::Series curve{"DirectCLR", {}};
  SuiteResult::Table table{"", {{"d0", "probe, top-1 %"}}};
  for (const int64_t d0 : results.widths.sweep) {
    const std::string name = at(d0, results.widths).name;
    table.rows.push_back({std::to_string(d0) + (d0 == results.widths.representation ? " (no projector)" : ""),
                          cell_with_interval(results, name, probe_top1, 2)});
    const auto values = values_of(results, name, probe_top1);
    if (values.empty()) continue;
    curve.x.push_back(static_cast<double>(d0));
    curve.y.push_back(report::sample(values).mean);
    curve.low.push_back(*std::min_element(values.begin(), values.end()));
    curve.high.push_back(*std::max_element(values.begin(), values.end()));
  }
  result.tables.push_back(std::move(table));
  if (curve.x.empty()) {
    result.findings.push_back("No run to show.");
    return result;
  }
  const auto best = static_cast<size_t>(std::max_element(curve.y.begin(), curve.y.end()) - curve.y.begin());
  result.findings.push_back(
      format("The best mean is %.2f at d0 = %.0f of %lld; the ends of what was run have %.2f (d0 = %.0f) and "
             "%.2f (d0 = %.0f).",
             curve.y[best], curve.x[best], static_cast<long long>(results.widths.representation), curve.y.front(),
             curve.x.front(), curve.y.back(), curve.x.back()));
  report::Figure figure{"Linear probe over d0", "d0", "top-1 accuracy, %"};
  figure.series = {std::move(curve)};
  result.draw(results, std::move(figure), figures, "Mean over seeds; the band is their range.");
  return result;
}

}  // namespace

const Suite& figure12() {
  static const Suite suite{"fig12", "Figure 12: accuracy over d0", variants, present};
  return suite;
}

}  // namespace directclr::paper
