#pragma once

#include <string>
#include <vector>

#include "directclr/experiment/suite.h"

namespace directclr::experiment {

/// What stands above the sections of a page.
struct PageHead {
  std::string title;
  std::string introduction = "";  ///< a paragraph of the HTML page, as HTML
  std::string reading = "";       ///< sentences after those on intervals and probabilities, for all pages
};

/// Everything for a terminal.
std::string page_text(const Results& results, const std::vector<Section>& sections, const PageHead& head);

/// A Markdown page whose pictures are figures/NAME.svg beside it.
std::string page_markdown(const Results& results, const std::vector<Section>& sections, const PageHead& head);

/// One HTML file that needs nothing beside it.
std::string page_html(const Results& results, const std::vector<Section>& sections, const PageHead& head);

}  // namespace directclr::experiment
