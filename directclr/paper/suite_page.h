#pragma once

#include <string>
#include <vector>

#include "directclr/paper/suite.h"

namespace directclr::paper {

/// Which measure of collapse goes with accuracy over the variants that were run: rank correlations of their means.
/// Without findings under four variants.
SuiteResult collapse_measures(const SuiteResults& results);

/// Everything for a terminal.
std::string suites_text(const SuiteResults& results, const std::vector<SuiteResult>& suites);

/// A Markdown page whose pictures are figures/NAME.svg beside it.
std::string suites_markdown(const SuiteResults& results, const std::vector<SuiteResult>& suites);

/// One HTML file that needs nothing beside it.
std::string suites_html(const SuiteResults& results, const std::vector<SuiteResult>& suites);

}  // namespace directclr::paper
