#include "directclr/experiment/suite.h"

#include <algorithm>

#include "directclr/experiment/comparison_views.h"
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

namespace {

// A page has a picture: where no suite draws one, the spectra of the representations that it compares.
void draw_spectra(const std::vector<Suite>& suites, const Results& results, const std::filesystem::path& figures,
                  std::vector<Section>& sections) {
  for (auto& section : sections) {
    const auto suite =
        std::find_if(suites.begin(), suites.end(), [&](const Suite& one) { return one.name == section.name; });
    const auto variants = suite->variants ? suite->variants(results.widths) : std::vector<Variant>{};
    if (variants.size() > kMostCurves) continue;
    auto figure = spectra_figure(results, variants, "representation", "Spectrum of the representation");
    if (figure.series.empty()) continue;
    section.draw(results, std::move(figure), figures, kSpectraCaption, "-representation");
    return;
  }
}

}  // namespace

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
  const bool drawn =
      std::any_of(sections.begin(), sections.end(), [](const Section& section) { return !section.drawings.empty(); });
  if (!drawn) draw_spectra(suites, results, figures, sections);
  return sections;
}

}  // namespace directclr::experiment
