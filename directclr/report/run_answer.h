#pragma once

#include <string>
#include <vector>

#include "directclr/report/answer.h"
#include "directclr/report/run_results.h"

namespace directclr::report {

/// The five questions, as far as the files of a run answer them, and those of the runs `beside` it in a comparison (the
/// run itself may be among them). Without a picture.
Answer run_answer(const RunResults& run, const std::vector<RunResults>& beside = {});

/// The same for several: which have collapsed, with the answers to the questions run by run. Requires runs.
Answer runs_answer(const std::vector<RunResults>& runs);

}  // namespace directclr::report
