#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "directclr/core/json.h"
#include "directclr/spectrum/analysis.h"
#include "directclr/spectrum/summary.h"
#include "directclr/spectrum/verdict.h"
#include "directclr/spectrum/weights.h"

namespace directclr::report {

/// What was found, for a reader and for a program.
struct Finding {
  std::string text;
  Json object;
};

/// A spectrum's file, docs/formats.md: what of it is shown or compared.
struct SpectrumResult {
  std::vector<double> values;
  double effective_rank_sigma = 0;
  double effective_rank_lambda = 0;
  int64_t below_1e_4 = 0;
  int64_t dimensions = 0;
  int64_t samples = 0;
  bool l2_normalized = false;
  std::string split;
};
/// From such a file's object. Throws JsonError.
SpectrumResult read_spectrum_result(const Json& object);

/// Where a spectrum's files go, and under which names.
struct SpectrumFiles {
  std::filesystem::path folder;  ///< empty: nothing is written
  std::string name;              ///< of folder/name.{json,csv,gp,svg}
  std::string curve;             ///< in the figure's key
};
/// Writes a spectrum and says what it is. `protocol`: how the rows were obtained; `more`: further results, which go
/// into the object as they are (jackknife_object and so on). Throws InputError when a file cannot be written.
Finding write_spectrum(const std::string& title, const spectrum::SpectrumSummary& summary,
                       const spectrum::VerdictSettings& lines, Json protocol, const SpectrumFiles& files,
                       const Json& more = {});

/// What an analysis holds besides its summary, as `more` above.
Json further_results(const spectrum::Analysis& analysis);

/// All measures of an analysis, a line each, with standard errors where there are any; `explain` adds definitions and
/// caveats.
std::string measures_text(const spectrum::Analysis& analysis, bool explain);

/// Writes weights.json and heat maps of the alignments into `folder` (empty: nothing) and says what they hold.
Finding write_weights(const std::string& input, const std::vector<spectrum::WeightMatrix>& weights,
                      const spectrum::WeightSpectra& spectra, linalg::SvdMethod method,
                      const std::filesystem::path& folder);

}  // namespace directclr::report
