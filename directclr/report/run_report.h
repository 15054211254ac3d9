#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "directclr/report/run_results.h"

namespace directclr::report {

/// Compares runs in one self-contained page: what was trained, accuracies with their protocol, spectra over each other
/// and alone, loss and ranks over time, sample views, settings. Only result files are read; nothing is computed anew.
/// Figures are also written to `figure_directory` as svg, csv and gnuplot script.
/// An empty title stands for the names of the runs. Requires at least one run. Throws Error when gnuplot fails.
std::string run_report(const std::string& title, const std::vector<RunResults>& runs,
                       const std::filesystem::path& figure_directory);

}  // namespace directclr::report
