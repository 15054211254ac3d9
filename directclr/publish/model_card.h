#pragma once

#include <string>

#include "directclr/publish/run_weights.h"
#include "directclr/report/run_results.h"

namespace directclr::publish {

/// What somebody who takes a network should know of it, as Markdown: architecture, how images come in, data, settings,
/// accuracies, spectra; and of what was not measured, with which command it is. `usage`: lines of Python that load it.
/// `best`: the weights are those of the best state, of which the run's results say nothing.
std::string model_card(const report::RunResults& run, const RunWeights& weights, bool best, const std::string& usage);

}  // namespace directclr::publish
