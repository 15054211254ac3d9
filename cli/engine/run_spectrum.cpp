#include "cli/engine/commands.h"
#include "cli/engine/opened_run.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/report/figures.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::cli {

void run_spectrum(const SpectrumRequest& request, Console& console) {
  const OpenedRun run(request.base);
  const bool embedding = request.layer == "embedding";
  const uint64_t limit = request.limit == 0 ? UINT64_MAX : static_cast<uint64_t>(request.limit);
  const auto features = run.features(parse_split(request.split), false, embedding, console.context(), limit);
  const auto summary =
      spectrum::summarize(embedding ? features.embedding : features.representation, request.l2_normalize);

  nlohmann::ordered_json protocol = run.protocol();
  protocol["layer"] = request.layer;
  protocol["split"] = request.split;
  protocol["samples"] = summary.samples;
  protocol["l2_normalized"] = summary.l2_normalized;
  protocol["matrix"] = "covariance, centred, divided by N (Eqn 1)";
  nlohmann::ordered_json object = {{"version", 1},
                                   {"effective_rank_sigma", summary.effective_rank_sigma},
                                   {"effective_rank_lambda", summary.effective_rank_lambda},
                                   {"participation_ratio", summary.participation_ratio},
                                   {"below_1e-2_of_largest", summary.below_1e_2},
                                   {"below_1e-4_of_largest", summary.below_1e_4},
                                   {"below_1e-6_of_largest", summary.below_1e_6},
                                   {"dimensions", summary.values.size()},
                                   {"singular_values", summary.values},
                                   {"protocol", protocol}};
  const auto folder = run.run.path() / "spectrum";
  make_directories(folder);
  write_file(folder / (request.layer + ".json"), object.dump(1) + "\n");
  report::Figure figure = report::spectrum_figure(request.layer + " spectrum, " + run.settings.projector.projector,
                                                  {{run.settings.projector.projector, summary.values}});
  report::write_figure(figure, folder, request.layer);

  object.erase("singular_values");
  console.result(
      format("%s of %lld %s images, %zu dimensions, %s:\n"
             "  effective rank %.1f (singular values of the features), %.1f (covariance eigenvalues); participation "
             "ratio %.1f\n"
             "  eigenvalues below 1e-2 / 1e-4 / 1e-6 of the largest: %lld / %lld / %lld\n"
             "wrote %s.{json,csv,svg,gp}",
             request.layer.c_str(), static_cast<long long>(summary.samples), request.split.c_str(),
             summary.values.size(), summary.l2_normalized ? "rows L2-normalised" : "rows not normalised",
             summary.effective_rank_sigma, summary.effective_rank_lambda, summary.participation_ratio,
             static_cast<long long>(summary.below_1e_2), static_cast<long long>(summary.below_1e_4),
             static_cast<long long>(summary.below_1e_6), (folder / request.layer).c_str()),
      object.dump());
}

}  // namespace directclr::cli
