#include <algorithm>

#include "directclr/core/text.h"
#include "directclr/paper/variants.h"

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

void present(Section& section, const Results& results, const std::filesystem::path& figures) {
  std::vector<std::pair<double, std::string>> points;
  Section::Table table{"", {{"d0", "probe, top-1 %"}}};
  for (const int64_t d0 : results.widths.sweep) {
    const std::string name = at(d0, results.widths).name;
    table.rows.push_back({std::to_string(d0) + (d0 == results.widths.representation ? " (no projector)" : ""),
                          cell_with_interval(results, name, probe_top1, 2)});
    points.emplace_back(static_cast<double>(d0), name);
  }
  report::Series curve = accuracy_curve(results, "DirectCLR", points);
  section.tables.push_back(std::move(table));
  if (curve.x.empty()) {
    section.findings.push_back("No run to show.");
    return;
  }
  const auto best = static_cast<size_t>(std::max_element(curve.y.begin(), curve.y.end()) - curve.y.begin());
  section.findings.push_back(
      format("The best mean is %.2f at d0 = %.0f of %lld; the ends of what was run have %.2f (d0 = %.0f) and "
             "%.2f (d0 = %.0f).",
             curve.y[best], curve.x[best], static_cast<long long>(results.widths.representation), curve.y.front(),
             curve.x.front(), curve.y.back(), curve.x.back()));
  report::Figure figure{"Linear probe over d0", "d0", "top-1 accuracy, %"};
  figure.series = {std::move(curve)};
  section.draw(results, std::move(figure), figures, "Mean over seeds; the band is their range.");
}

}  // namespace

Suite figure12() {
  return {"fig12",
          "Figure 12. A run a width d0 of the sub-vector, from 1 to all of r: the probe over d0",
          "Figure 12: accuracy over d0",
          "On ImageNet the accuracy is best at d0 = 360 of 2048, and falls towards d0 = 0 and towards d0 = 2048, "
          "where it is that without a projector.",
          variants,
          present};
}

}  // namespace directclr::paper
