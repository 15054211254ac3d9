#include "directclr/experiment/suite.h"

#include <algorithm>

#include "directclr/report/figure_html.h"

namespace directclr::experiment {

void Section::draw(const Results& results, report::Figure figure, const std::filesystem::path& folder,
                   const std::string& caption, const std::string& suffix) {
  figure.notes = {title, "protocol: " + results.protocol()};
  for (const auto& finding : findings) figure.notes.push_back("here: " + finding);
  const std::string file = name + suffix;
  const auto curves = std::count_if(figure.series.begin(), figure.series.end(),
                                    [](const auto& series) { return !series.dashed && !series.dotted; });
  drawings.push_back({file, report::figure_html(figure, folder, file, caption), caption, figure.layer, curves});
}

std::vector<Section> present(const std::vector<Suite>& suites, const Results& results,
                             const std::filesystem::path& figures) {
  std::vector<Section> sections;
  for (const auto& suite : suites) {
    if (suite.variants) {
      const auto variants = suite.variants(results.widths);
      const bool any = std::any_of(variants.begin(), variants.end(),
                                   [&](const auto& variant) { return !results.of(variant.name).empty(); });
      if (!any) continue;
    }
    Section section{suite.name, suite.title, suite.published};
    suite.present(section, results, figures);
    if (suite.variants || !section.tables.empty()) sections.push_back(std::move(section));
  }
  return sections;
}

}  // namespace directclr::experiment
