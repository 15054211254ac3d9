#pragma once

#include <filesystem>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/paper/figure_result.h"
#include "directclr/theory/laboratory.h"

namespace directclr::paper {

/// The axes of a phase diagram: every combination is trained with every seed.
struct PhaseGrid {
  std::vector<double> strengths = {0, 0.5, 1, 2, 4};  ///< k
  std::vector<int64_t> depths = {1, 2, 3, 4};         ///< linear layers
  std::vector<double> scales = {0.5, 1};              ///< of the initial weights
  std::vector<double> learning_rates = {0.1};
  std::vector<int64_t> noised = {8};  ///< dimensions that the noise covers
  std::vector<int64_t> batch_sizes = {128};

  /// How many combinations there are.
  size_t size() const;
};

theory::LaboratorySettings phase_defaults();  ///< 3,000 iterations, 3 seeds

/// When does a network collapse because of augmentation, and when because of depth? Trains the whole grid on all cores
/// and writes, into `directory`, phase.csv (one row a combination, appended as they finish) and a heat map for each
/// pair of axes that have more than one value.
///
/// Columns of phase.csv: the axes; effective_rank of the embedding covariance (lambda form), mean over seeds;
/// collapsed_clean and collapsed_noised: the right singular vectors of the trained map whose values lie below 1e-3 of
/// its largest span what is gone; how much of that lies in the clean and in the noised input dimensions (the squared
/// lengths of the vectors' parts there, so that the two add up to how many values are gone, as Figure 3 counts them);
/// diverged: seeds whose loss ceased to be finite. They are in no mean: where some have diverged, the means of the
/// others stand in the file, but in no picture and no claim.
///
/// A phase.csv that is there already and was made with the same settings is continued; with others, InputError. Throws
/// Interrupted when asked to stop; what is finished is kept.
FigureResult phase_diagram(const theory::LaboratorySettings& settings, const PhaseGrid& grid,
                           const std::filesystem::path& directory, const Context& context);

}  // namespace directclr::paper
