#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/experiment/experiment.h"
#include "directclr/experiment/variant.h"

namespace directclr::experiment {

/// An experiment as its TOML file describes it (docs/formats.md, "Experiment").
struct ExperimentFile {
  std::string name;                 ///< of its pictures; letters, digits, '-', '_' and '.'
  std::string title;                ///< of its page
  Scale scale;                      ///< seeds among it; its settings are not resolved
  std::vector<Variant> variants;    ///< at least one, names unique; with a grid, each at each of its combinations
  std::vector<std::string> varied;  ///< names of the settings of the grid, in the file's order
};

/// Reads the file. Throws InputError with path and line for a syntax error, an unknown key (naming the nearest), a
/// value of another kind or out of range, a baseline that is no variant, and two variants of one name.
ExperimentFile read_experiment(const std::string& path);

/// The file as an experiment that can be carried out: its variants in one suite, and the measures of collapse.
Experiment to_experiment(const ExperimentFile& file);

}  // namespace directclr::experiment
