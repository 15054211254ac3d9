#include "cli/engine/findings.h"

#include <utility>

#include "directclr/core/files.h"
#include "directclr/core/text.h"

namespace directclr::cli {

Finding save_probe(const OpenedRun& run, const settings::ProbeSettings& settings, const eval::ProbeResult& result,
                   int64_t images) {
  const auto [first, end] = eval::parse_dims(settings.dims, run.model.encoder->representation());
  Json object = {{"version", 1},
                 {"top1", result.top1},
                 {"top5", result.top5},
                 {"best_epoch_top1", result.best_top1},
                 {"epoch_top1", result.epoch_top1}};
  Json protocol = run.protocol();
  protocol["layer"] = "representation";
  protocol["dims"] = Json::array({first, end});
  protocol["images"] = images;
  if (settings.cached) {
    protocol["method"] = "L-BFGS on cached features, standardised";
    protocol["held_out"] = settings.held_out;
    object["l2"] = result.l2;
    object["held_out_top1"] = result.held_out_top1;
  } else {
    protocol["method"] = "SGD on random crops and flips";
    protocol["epochs"] = settings.probe_epochs;
    protocol["batch_size"] = settings.probe_batch_size;
    protocol["lr"] = settings.probe_lr;
    protocol["momentum"] = settings.probe_momentum;
    protocol["weight_decay"] = settings.probe_weight_decay;
  }
  const auto method = protocol["method"].get<std::string>();
  object["protocol"] = std::move(protocol);
  // The baseline and sub-vectors have files of their own: they must not pass for the run's result.
  std::string name = "probe";
  std::string what = run.settings.projector.projector;
  if (settings.random_init) {
    name += "-random-init";
    what += "; untrained encoder";
  }
  if (!settings.dims.empty()) {
    name += format("-dims-%lld-%lld", static_cast<long long>(first), static_cast<long long>(end));
    what += "; columns " + settings.dims;
  }
  write_file(run.run.path() / (name + ".json"), object.dump(2) + "\n");
  return {format("linear probe: top-1 %.2f %%, top-5 %.2f %% (%s; %s; %s)", 100 * result.top1, 100 * result.top5,
                 method.c_str(), what.c_str(), run.data.c_str()),
          std::move(object)};
}

Finding save_knn(const OpenedRun& run, const settings::KnnSettings& settings, double top1, int64_t images) {
  Json protocol = run.protocol();
  protocol["layer"] = "representation";
  protocol["k"] = settings.k;
  protocol["temperature"] = settings.knn_temperature;
  protocol["similarity"] = "cosine";
  protocol["images"] = images;
  Json object = {{"version", 1}, {"top1", top1}, {"protocol", std::move(protocol)}};
  write_file(run.run.path() / "knn.json", object.dump(2) + "\n");
  return {format("k-NN: top-1 %.2f %% (k %lld, temperature %g, cosine; %s; %s)", 100 * top1,
                 static_cast<long long>(settings.k), settings.knn_temperature, run.settings.projector.projector.c_str(),
                 run.data.c_str()),
          std::move(object)};
}

Finding save_spectrum(const OpenedRun& run, const std::string& layer, const std::string& split,
                      const spectrum::SpectrumSummary& summary) {
  Json protocol = run.protocol();
  protocol["layer"] = layer;
  protocol["split"] = split;
  const std::string& projector = run.settings.projector.projector;
  return report::write_spectrum(layer + " of the " + split + " images, " + projector, summary, {}, std::move(protocol),
                                {run.run.path() / "spectrum", layer, projector});
}

}  // namespace directclr::cli
