#pragma once

#include <string>

#include "directclr/core/table.h"
#include "directclr/experiment/experiment.h"

namespace directclr::paper {

/// The paper's tables and figures that are made from training runs, in the paper's order.
const Table<experiment::Suite>& suites();

/// The suite of that name ("all": every one) at a scale, with the measures of collapse over what was run, as an
/// experiment that can be carried out. Throws InputError for an unknown name, naming the nearest.
experiment::Experiment reproduction(const std::string& suite, const std::string& scale);

}  // namespace directclr::paper
