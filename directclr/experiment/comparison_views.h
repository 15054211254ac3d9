#pragma once

#include <string>
#include <utility>
#include <vector>

#include "directclr/experiment/comparison.h"
#include "directclr/experiment/suite.h"

// Tables and figures that suites have in common.

namespace directclr::experiment {

/// How an accuracy table is headed.
struct AccuracyTable {
  std::string caption = "";
  std::string rows = "projector";       ///< what a row is
  std::string baseline_label = "none";  ///< in "minus none", "P(better than none)"
};

/// A row a variant: probe accuracy with its spread over seeds, the publication's number where any row has one, paired
/// differences to the variant's baseline, k-NN accuracy, effective rank and dead directions of the representation.
Section::Table accuracy_table(const Results& results, const std::vector<Row>& rows, const AccuracyTable& form = {});

/// So many curves one picture has at most: more cannot be told apart.
inline constexpr size_t kMostCurves = 8;

/// Below a picture of the spectra of r.
inline constexpr const char* kSpectraCaption =
    "How much varies along each direction of the representation, the strongest first; where a curve lies below the "
    "dashed line of its colour, directions are dead. Bands: range over seeds.";

/// Curves of a layer's spectrum, one a variant that has one: the geometric mean over seeds at each rank, with the range
/// as a band.
report::Figure spectra_figure(const Results& results, const std::vector<Variant>& variants, const std::string& layer,
                              const std::string& title);

/// A curve of variants' probe accuracy (per cent) over a number of each: mean over seeds, with the range as a band.
/// Variants without a result are left out.
report::Series accuracy_curve(const Results& results, const std::string& name,
                              const std::vector<std::pair<double, std::string>>& variants);

}  // namespace directclr::experiment
