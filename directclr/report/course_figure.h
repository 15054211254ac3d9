#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "directclr/report/figures.h"
#include "directclr/report/run_results.h"

namespace directclr::report {

/// So many spans a curve over steps has at most.
inline constexpr size_t kMostSpans = 500;

/// A course of at most two values for each of `spans` equal parts: the lowest and the highest, at their own steps. One
/// of fewer values is given back whole.
Course thinned(const Course& course, size_t spans = kMostSpans);

/// A column of metrics.jsonl over the steps, a curve a run; a run with fewer than two values has none. Long courses are
/// thinned, which the label of the steps says.
Figure course_figure(const std::vector<RunResults>& runs, const std::string& metric, const std::string& title,
                     const std::string& label);

/// The colour of each run in all figures of a page about these runs, as a number of the palette.
std::vector<size_t> colors_of(const std::vector<RunResults>& runs);

}  // namespace directclr::report
