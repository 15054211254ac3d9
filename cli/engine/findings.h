#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/engine/opened_run.h"
#include "directclr/eval/probe.h"
#include "directclr/spectrum/measures.h"
#include "directclr/spectrum/spectrum.h"
#include "directclr/spectrum/verdict.h"

namespace directclr::cli {

/// What an evaluation found: for a reader and for a program.
struct Finding {
  std::string text;
  nlohmann::ordered_json object;
};

// Each writes its file into the run directory (docs/formats.md) and says what it holds. `images`: how many training
// images it was made from.
Finding save_probe(const OpenedRun& run, const eval::ProbeSettings& settings, const eval::ProbeResult& result,
                   int64_t images);
Finding save_knn(const OpenedRun& run, const eval::KnnSettings& settings, double top1, int64_t images);
/// `layer`: representation or embedding; `split`: train or test.
Finding save_spectrum(const OpenedRun& run, const std::string& layer, const std::string& split,
                      const spectrum::SpectrumSummary& summary, const spectrum::VerdictSettings& lines = {},
                      const nlohmann::ordered_json& more = {});

/// Writes `folder/name.{json,csv,gp,svg}` (nothing when the folder is empty). `curve`: the name in the figure's key;
/// `more`: further results, which go into the file and the finding as they are.
Finding write_spectrum(const std::string& title, const spectrum::SpectrumSummary& summary,
                       const spectrum::VerdictSettings& lines, nlohmann::ordered_json protocol,
                       const std::filesystem::path& folder, const std::string& name, const std::string& curve,
                       const nlohmann::ordered_json& more = {});

/// Measures, a line each; `explain` adds definitions and caveats.
std::string measures_text(const std::vector<spectrum::Measure>& measures, bool explain);

}  // namespace directclr::cli
