#pragma once

#include "directclr/experiment/results.h"
#include "directclr/report/answer.h"

namespace directclr::experiment {

/// What an experiment came to, for the first screen of its page: which way to train classifies best, whether by more
/// than chance, and which has most dead directions; at a scale for the machinery alone only whether it worked. Without
/// a picture.
report::Answer suite_answer(const Results& results);

}  // namespace directclr::experiment
