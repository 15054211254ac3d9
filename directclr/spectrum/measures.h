#pragma once

#include <string>
#include <vector>

#include "directclr/spectrum/summary.h"

namespace directclr::spectrum {

/// One number of a summary, with what a reader must know of it.
struct Measure {
  std::string name;               ///< "effective-rank"
  std::string text;               ///< the value, with its parameters: "34.7 of 512"
  double value = 0;               ///< may be infinite or not a number
  std::string definition;         ///< formula and source
  std::string caveat;             ///< when it misleads, and who computes it otherwise
  bool more_is_healthier = true;  ///< may stand in --fail-under
};

/// All measures of a summary, the most telling first.
std::vector<Measure> measures_of(const SpectrumSummary& summary);

/// What other tools give for the same rows, by their own conventions (docs/math.md, "Measures of collapse"):
/// "rankme-paper", "stable-pretraining", "reptrix", "google" (graph_embedding/metrics), "lightly". Throws InputError
/// for another name.
std::vector<Measure> compatible_measures(const SpectrumSummary& summary, const std::string& tool);

/// A floor under a measure: "effective-rank=0.1D" (a tenth of the dimensions), "normalized-std=0.5". "rank" is short
/// for effective-rank.
struct Floor {
  std::string measure;
  double value = 0;
  bool of_dimensions = false;
};
/// Floors with commas between. Throws InputError, naming the option, for a malformed one or a measure that is not known
/// or for which less is healthier.
std::vector<Floor> parse_floors(const std::string& text, const std::string& option = "--fail-under");

/// One line for each floor that the summary is under; a value that is not a number is under every floor.
std::vector<std::string> under_floors(const SpectrumSummary& summary, const std::vector<Floor>& floors);

}  // namespace directclr::spectrum
