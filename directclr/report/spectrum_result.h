#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "directclr/core/json.h"
#include "directclr/spectrum/analysis.h"
#include "directclr/spectrum/summary.h"
#include "directclr/spectrum/verdict.h"

namespace directclr::report {

/// A spectrum as its file holds it (docs/formats.md), and as text, pages and comparisons show it. Of the summary all
/// but `uncentred` is in the file; of further measures their names and values.
struct SpectrumResult : spectrum::SpectrumSummary {
  spectrum::VerdictSettings lines;  ///< of the verdict
  spectrum::Verdict verdict;
  std::vector<spectrum::JackknifeEstimate> jackknife;
  std::vector<spectrum::Measure> compat;
  std::vector<spectrum::Measure> geometry;
  std::vector<int64_t> skipped_rows;  ///< as in Analysis; of a run the images' places in the data
  std::string layer;                  ///< of a run: representation or embedding; empty for a file
  std::string split;                  ///< of a run: train or test
  Json protocol = Json::object();     ///< how the rows were obtained, besides what other members say
};

/// The result of an analysis, judged by `lines`. The rows are not part of it.
SpectrumResult spectrum_result(const spectrum::Analysis& analysis, const spectrum::VerdictSettings& lines,
                               Json protocol);
SpectrumResult spectrum_result(const spectrum::SpectrumSummary& summary, const spectrum::VerdictSettings& lines,
                               Json protocol);

/// The file's object, version 2: measures by name.
Json json_of(const SpectrumResult& result);
/// The `protocol` of that object: how the rows were obtained and taken.
Json protocol_of(const SpectrumResult& result);
/// The result that json_of made an object of. What earlier versions did not write is not a number, or follows from the
/// eigenvalues. Throws JsonError.
SpectrumResult read_spectrum_result(const Json& object);

/// Throws InputError when the file cannot be written.
void write_spectrum_result(const std::filesystem::path& file, const SpectrumResult& result);
/// Throws InputError, which names the file, when it is missing, damaged or of a later version.
SpectrumResult read_spectrum_result(const std::filesystem::path& file);

}  // namespace directclr::report
