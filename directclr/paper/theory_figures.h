#pragma once

#include <filesystem>
#include <vector>

#include "directclr/core/progress.h"
#include "directclr/paper/figure_result.h"
#include "directclr/theory/laboratory.h"

namespace directclr::paper {

// The paper's toy figures, from runs of the laboratory on all cores. Each function draws into `directory` and says
// whether the paper's claims show. Throws NumericalError when a run diverges, Interrupted when asked to stop.

/// Settings that a figure has where they differ from the laboratory's own.
theory::LaboratorySettings figure3_defaults();   ///< one layer, 3,000 iterations
theory::LaboratorySettings figure56_defaults();  ///< two layers that start from spread singular values
theory::LaboratorySettings figure11_defaults();
theory::LaboratorySettings figure_stage_defaults();  ///< one layer before the stage, 1,000 short steps

/// Figure 3: singular values of the trained weights for several strengths k of the augmentation.
FigureResult figure3(const theory::LaboratorySettings& settings, const std::vector<double>& strengths,
                     const std::filesystem::path& directory, const Context& context);

/// Figure 5: |V2^T U1| over time. Requires: two layers; throws InputError.
FigureResult figure5(const theory::LaboratorySettings& settings, const std::filesystem::path& directory,
                     const Context& context);

/// Figure 6: singular values of W1, W2 and of the embedding covariance over time, with Theorem 3's prediction.
/// Requires: two layers; throws InputError.
FigureResult figure6(const theory::LaboratorySettings& settings, const std::filesystem::path& directory,
                     const Context& context);

/// Figure 11: embedding spectra for several depths, linear (a) and with ReLU (b).
FigureResult figure11(const theory::LaboratorySettings& settings, const std::vector<int64_t>& depths,
                      const std::filesystem::path& directory, const Context& context);

/// Beyond the paper: how soon the channels beyond a sub-vector (a quarter of them) learn, for several numbers of
/// residual blocks in the last stage (docs/math.md, "Channels that a sub-vector loss does not see"). Requires: one
/// layer, width at least 4; throws InputError.
FigureResult figure_stage(const theory::LaboratorySettings& settings, const std::vector<int64_t>& blocks,
                          const std::filesystem::path& directory, const Context& context);

}  // namespace directclr::paper
