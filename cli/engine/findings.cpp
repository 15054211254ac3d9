#include "cli/engine/findings.h"

#include <tuple>

#include "directclr/report/spectrum_text.h"

namespace directclr::cli {

report::Finding save_probe(const OpenedRun& run, const std::filesystem::path& folder,
                           const settings::ProbeSettings& settings, const eval::ProbeResult& result, int64_t images) {
  report::ProbeAccuracy accuracy;
  accuracy.top1 = result.top1;
  accuracy.top5 = result.top5;
  accuracy.best_epoch_top1 = result.best_top1;
  accuracy.epoch_top1 = result.epoch_top1;
  if (settings.cached) {
    accuracy.method = "L-BFGS on cached features, standardised";
    accuracy.l2 = result.l2;
    accuracy.held_out_top1 = result.held_out_top1;
    accuracy.held_out = settings.held_out;
  } else {
    accuracy.method = "SGD on random crops and flips";
    accuracy.sgd = {settings.probe_epochs, settings.probe_batch_size, settings.probe_lr, settings.probe_momentum,
                    settings.probe_weight_decay};
  }
  accuracy.columns = settings.dims;
  std::tie(accuracy.first, accuracy.end) = eval::parse_dims(settings.dims, run.model.encoder->representation());
  accuracy.images = images;
  accuracy.protocol = run.protocol();
  return report::write_probe(folder, accuracy);
}

report::Finding save_knn(const OpenedRun& run, const settings::KnnSettings& settings, double top1, int64_t images) {
  return report::write_knn(run.results(), {top1, settings.k, settings.knn_temperature, images, run.protocol()});
}

report::Finding save_spectrum(const OpenedRun& run, const report::LayerSettings& layer,
                              const spectrum::SpectrumSummary& summary) {
  const auto input = run.measured(report::spectrum_result(summary, {}, {}), layer);
  return report::write_spectrum(input.title, input.result, input.own_files);
}

}  // namespace directclr::cli
