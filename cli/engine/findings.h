#pragma once

#include <string>

#include "cli/engine/opened_run.h"
#include "directclr/eval/probe.h"
#include "directclr/report/spectrum_result.h"
#include "directclr/spectrum/summary.h"

namespace directclr::cli {

using report::Finding;

// Each writes its file into the run directory (docs/formats.md) and says what it holds. `images`: how many training
// images it was made from.
Finding save_probe(const OpenedRun& run, const settings::ProbeSettings& settings, const eval::ProbeResult& result,
                   int64_t images);
Finding save_knn(const OpenedRun& run, const settings::KnnSettings& settings, double top1, int64_t images);
/// `layer`: representation or embedding; `split`: train or test.
Finding save_spectrum(const OpenedRun& run, const std::string& layer, const std::string& split,
                      const spectrum::SpectrumSummary& summary);

}  // namespace directclr::cli
