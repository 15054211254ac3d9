#pragma once

#include <string>
#include <vector>

#include "directclr/report/run_results.h"

namespace directclr::report {

/// Whether every run has ended.
bool all_finished(const std::vector<RunResults>& runs);

/// A page of runs that are being trained, side by side: where each is, what the monitor sees, the spectra, the views.
/// It loads itself anew every `seconds`, but not while its reader is at a figure; a page of runs that have all ended no
/// more. Nothing is written beside it. Requires runs.
std::string watch_page(const std::vector<RunResults>& runs, int64_t seconds);

}  // namespace directclr::report
