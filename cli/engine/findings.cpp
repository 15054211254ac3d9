#include "cli/engine/findings.h"

#include <utility>

#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/report/figures.h"
#include "directclr/spectrum/measures.h"

namespace directclr::cli {

Finding save_probe(const OpenedRun& run, const eval::ProbeSettings& settings, const eval::ProbeResult& result,
                   int64_t images) {
  const auto [first, end] = eval::parse_dims(settings.dims, run.model.encoder->representation());
  nlohmann::ordered_json object = {{"version", 1},
                                   {"top1", result.top1},
                                   {"top5", result.top5},
                                   {"best_epoch_top1", result.best_top1},
                                   {"epoch_top1", result.epoch_top1}};
  nlohmann::ordered_json protocol = run.protocol();
  protocol["layer"] = "representation";
  protocol["dims"] = {first, end};
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
  const std::string method = protocol["method"];
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

Finding save_knn(const OpenedRun& run, const eval::KnnSettings& settings, double top1, int64_t images) {
  nlohmann::ordered_json protocol = run.protocol();
  protocol["layer"] = "representation";
  protocol["k"] = settings.k;
  protocol["temperature"] = settings.knn_temperature;
  protocol["similarity"] = "cosine";
  protocol["images"] = images;
  nlohmann::ordered_json object = {{"version", 1}, {"top1", top1}, {"protocol", std::move(protocol)}};
  write_file(run.run.path() / "knn.json", object.dump(2) + "\n");
  return {format("k-NN: top-1 %.2f %% (k %lld, temperature %g, cosine; %s; %s)", 100 * top1,
                 static_cast<long long>(settings.k), settings.knn_temperature, run.settings.projector.projector.c_str(),
                 run.data.c_str()),
          std::move(object)};
}

Finding save_spectrum(const OpenedRun& run, const std::string& layer, const std::string& split,
                      const spectrum::SpectrumSummary& summary, const spectrum::VerdictSettings& lines,
                      const nlohmann::ordered_json& more) {
  nlohmann::ordered_json protocol = run.protocol();
  protocol["layer"] = layer;
  protocol["split"] = split;
  const std::string& projector = run.settings.projector.projector;
  return write_spectrum(layer + " of the " + split + " images, " + projector, summary, lines, std::move(protocol),
                        run.run.path() / "spectrum", layer, projector, more);
}

Finding write_spectrum(const std::string& title, const spectrum::SpectrumSummary& s,
                       const spectrum::VerdictSettings& lines, nlohmann::ordered_json protocol,
                       const std::filesystem::path& folder, const std::string& name, const std::string& curve,
                       const nlohmann::ordered_json& more) {
  protocol["samples"] = s.samples;
  protocol["skipped_rows"] = s.skipped;
  protocol["l2_normalized"] = s.l2_normalized;
  protocol["matrix"] = "covariance, centred, divided by N (Eqn 1)";
  const auto verdict = spectrum::verdict(s, lines);
  nlohmann::ordered_json object = {{"version", 1},
                                   {"verdict",
                                    {{"kind", verdict.name()},
                                     {"text", verdict.text},
                                     {"dead_below", lines.dead_below},
                                     {"collapsed_share", lines.collapsed_share},
                                     {"complete_below", lines.complete_below},
                                     {"rows_per_dimension", lines.rows_per_dimension}}},
                                   {"effective_rank_sigma", s.effective_rank_sigma},
                                   {"effective_rank_lambda", s.effective_rank_lambda},
                                   {"rankme", s.rankme},
                                   {"participation_ratio", s.participation_ratio},
                                   {"stable_rank", s.stable_rank},
                                   {"cumulative_area", s.cumulative_area},
                                   {"condition_number", s.condition_number},  // infinite: null
                                   {"alpha", s.power_law.alpha},
                                   {"alpha_r2", s.power_law.r2},
                                   {"alpha_ranks", {s.power_law.first, s.power_law.last}},
                                   {"normalized_std", s.normalized_std},
                                   {"constant_dimensions", s.constant},
                                   {"below_1e-2_of_largest", s.below_1e_2},
                                   {"below_1e-4_of_largest", s.below_1e_4},
                                   {"below_1e-6_of_largest", s.below_1e_6},
                                   {"dimensions", s.dimensions()},
                                   {"singular_values", s.values},
                                   {"protocol", std::move(protocol)}};
  for (const auto& [key, value] : more.items()) object[key] = value;
  std::string written;
  if (!folder.empty()) {
    make_directories(folder);
    write_file(folder / (name + ".json"), object.dump(1) + "\n");
    report::write_figure(report::spectrum_figure(title, {{curve, s.values}}), folder, name);
    written = "\n  wrote " + (folder / name).string() + ".{json,csv,svg,gp}";
    if (!report::can_draw()) written += " (no picture yet: gnuplot, which draws it from the .gp, is not installed)";
    object.erase("singular_values");
  }
  std::string text =
      format("%s: %lld rows, %lld dimensions, %s", title.c_str(), static_cast<long long>(s.samples),
             static_cast<long long>(s.dimensions()), s.l2_normalized ? "rows L2-normalised" : "rows not normalised");
  if (s.skipped > 0) text += format(", %lld rows left out: not finite", static_cast<long long>(s.skipped));
  text += "\n  " + verdict.name() + ": " + verdict.text;
  text += format("\n  effective rank %.1f (covariance eigenvalues), %.1f (singular values of the features)",
                 s.effective_rank_lambda, s.effective_rank_sigma);
  return {text + written, std::move(object)};
}

std::string measures_text(const std::vector<spectrum::Measure>& measures, bool explain) {
  std::string text;
  for (const auto& measure : measures) {
    text += format("\n  %-22s %s", measure.name.c_str(), measure.text.c_str());
    if (explain) text += "\n      " + measure.definition + ".\n      " + measure.caveat + ".";
  }
  return text;
}

}  // namespace directclr::cli
