#pragma once

#include <filesystem>

namespace directclr::report {

/// The figures and the page of an explanation, from its result files alone: reads `folder`/explain.json (and
/// examples.png), writes the figures and `folder`/index.html. Throws InputError when explain.json is missing, damaged
/// or of another version; Error when gnuplot fails.
void write_explanation_page(const std::filesystem::path& folder);

}  // namespace directclr::report
