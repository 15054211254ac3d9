#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/report/run_results.h"

namespace directclr::report {

/// When a page of a training was written, and when the next is to come.
struct Look {
  int64_t number = 1;   ///< of this one, from 1
  int64_t seconds = 0;  ///< until the next; 0: there is none
};

/// A page of runs that are being trained, side by side: where each is, what the monitor sees, the spectra, the views.
/// Where there is to be another it loads itself anew, but not while its reader is at a figure, and says so when it has
/// not been written anew for long. Nothing is written beside it. Requires runs.
std::string watch_page(const std::vector<RunResults>& runs, const Look& look);

}  // namespace directclr::report
