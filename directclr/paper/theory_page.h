#pragma once

#include <string>
#include <vector>

#include "directclr/paper/figure_result.h"
#include "directclr/theory/check.h"

namespace directclr::paper {

/// The checks as a table for a terminal: verdict, name, largest deviation beside its tolerance; `explain` adds the
/// statement, the formula, every measure and the remark.
std::string checks_text(const std::vector<theory::Check>& checks, bool explain);

/// The checks as one JSON object, version 1 (docs/formats.md, "Theory").
std::string checks_json(const std::vector<theory::Check>& checks);

/// One self-contained HTML page: statements with verdicts, figures, how to read them.
std::string theory_page(const std::vector<theory::Check>& checks, const std::vector<FigureResult>& figures,
                        const std::string& command_line);

}  // namespace directclr::paper
