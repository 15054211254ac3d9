#pragma once

#include "cli/engine/opened_run.h"
#include "directclr/eval/probe.h"
#include "directclr/report/accuracy_result.h"
#include "directclr/report/finding.h"
#include "directclr/report/spectrum_settings.h"
#include "directclr/spectrum/summary.h"

namespace directclr::cli {

// Each writes its file into OpenedRun::results, save_probe into that of the run whose baseline an untrained encoder is
// (docs/formats.md) and says what it holds. `images`: how many training
// images it was made from.
report::Finding save_probe(const OpenedRun& run, const std::filesystem::path& folder,
                           const settings::ProbeSettings& settings, const eval::ProbeResult& result, int64_t images);
report::Finding save_knn(const OpenedRun& run, const settings::KnnSettings& settings, double top1, int64_t images);
report::Finding save_spectrum(const OpenedRun& run, const report::LayerSettings& layer,
                              const spectrum::SpectrumSummary& summary);

}  // namespace directclr::cli
