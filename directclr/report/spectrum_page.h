#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace directclr::report {

/// The page of `directclr spectrum ... --out`, from its result files alone: reads `folder`/NAME.json of each name,
/// draws NAME's spectrum and its cumulative share, with several names their comparison, and writes `folder`/index.html.
/// Throws InputError when a file is missing or damaged, Error when gnuplot fails.
void write_spectrum_page(const std::filesystem::path& folder, const std::vector<std::string>& names);

}  // namespace directclr::report
