#pragma once

#include "cli/engine/engine.h"

namespace directclr::cli {

/// Measures each of the request's inputs and prints what was found; writes files and one page where the request names a
/// folder. Throws InputError and so on, and Error when a floor of --fail-under is not held.
void run_spectrum(const SpectrumRequest& request, Console& console);

}  // namespace directclr::cli
