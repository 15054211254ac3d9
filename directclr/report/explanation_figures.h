#pragma once

#include <string>
#include <vector>

#include "directclr/report/explanation_result.h"
#include "directclr/report/figures.h"

namespace directclr::report {

// The curves of an explanation's page. Directions are counted from 1, the largest eigenvalue of X first.

/// What the data and what the augmentation spread along the eigenvectors of X: where the second is above the first the
/// eigenvalue is negative. `layer` is named in the title.
Figure spreads_figure(const ExplanationResult::Contrast& x, const std::string& layer);

/// The second of these over the first: above 1 the augmentation wins. Those that are counted are marked. Throws
/// JsonError when one that is counted is no direction.
Figure ratios_figure(const ExplanationResult::Contrast& x, const std::string& layer);

/// The eigenvalues of X over the largest: measured on images that had no part in finding the vectors, which count, and
/// of all images, which do not.
Figure eigenvalues_figure(const ExplanationResult::Contrast& x);

/// How what the augmentation spreads, over what the data spread, is distributed over the directions.
Figure shares_figure(const ExplanationResult::Contrast& x);

/// The growth of a matrix' directions with its standard error, and what another theory, `label`, predicts, drawn in the
/// same scale.
Figure growth_figure(const std::vector<double>& exact, const std::vector<double>& standard_error,
                     std::vector<double> prediction, const std::string& label, const std::string& title,
                     const std::string& axis);

}  // namespace directclr::report
