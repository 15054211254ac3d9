#include <nlohmann/json.hpp>

#include "cli/engine/commands.h"
#include "cli/engine/opened_run.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/io/row_reader.h"
#include "directclr/report/figures.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::cli {
namespace {

nlohmann::ordered_json to_json(const spectrum::SpectrumSummary& summary, nlohmann::ordered_json protocol) {
  protocol["samples"] = summary.samples;
  protocol["l2_normalized"] = summary.l2_normalized;
  protocol["matrix"] = "covariance, centred, divided by N (Eqn 1)";
  return {{"version", 1},
          {"effective_rank_sigma", summary.effective_rank_sigma},
          {"effective_rank_lambda", summary.effective_rank_lambda},
          {"participation_ratio", summary.participation_ratio},
          {"below_1e-2_of_largest", summary.below_1e_2},
          {"below_1e-4_of_largest", summary.below_1e_4},
          {"below_1e-6_of_largest", summary.below_1e_6},
          {"dimensions", summary.values.size()},
          {"singular_values", summary.values},
          {"protocol", protocol}};
}

// Writes the files when there is a folder for them, and prints the numbers.
void present(const std::string& title, const spectrum::SpectrumSummary& summary, nlohmann::ordered_json object,
             const std::filesystem::path& folder, const std::string& name, const std::string& curve, Console& console) {
  std::string written;
  if (!folder.empty()) {
    make_directories(folder);
    write_file(folder / (name + ".json"), object.dump(1) + "\n");
    report::write_figure(report::spectrum_figure(title, {{curve, summary.values}}), folder, name);
    written = "\nwrote " + (folder / name).string() + ".{json,csv,svg,gp}";
    object.erase("singular_values");
  }
  console.result(
      format("%s: %lld rows, %zu dimensions, %s\n"
             "  effective rank %.1f (singular values of the features), %.1f (covariance eigenvalues); participation "
             "ratio %.1f\n"
             "  eigenvalues below 1e-2 / 1e-4 / 1e-6 of the largest: %lld / %lld / %lld",
             title.c_str(), static_cast<long long>(summary.samples), summary.values.size(),
             summary.l2_normalized ? "rows L2-normalised" : "rows not normalised", summary.effective_rank_sigma,
             summary.effective_rank_lambda, summary.participation_ratio, static_cast<long long>(summary.below_1e_2),
             static_cast<long long>(summary.below_1e_4), static_cast<long long>(summary.below_1e_6)) +
          written,
      object.dump());
}

void run_spectrum_of_file(const SpectrumRequest& request, Console& console) {
  io::RowReader reader(request.base.run, request.tensor);
  const int64_t wanted = request.limit > 0 ? std::min(request.limit, reader.rows()) : reader.rows();
  if (wanted < 2) throw InputError(request.base.run.string(), "a covariance needs at least 2 rows");
  if (reader.columns() < 1) throw InputError(request.base.run.string(), "the rows are empty");
  spectrum::Covariance covariance(reader.columns());
  // Some 32 MiB of float64 at a time.
  const int64_t block = std::clamp<int64_t>((int64_t{1} << 22) / reader.columns(), 16, 65536);
  while (covariance.count() < wanted) {
    spectrum::add_rows(covariance, reader.next(std::min(block, wanted - covariance.count())), request.l2_normalize);
    const auto done = static_cast<uint64_t>(covariance.count());
    console.context().progress({"covariance", done, static_cast<uint64_t>(wanted), "rows", done, ""});
    if (console.context().stop_requested()) throw Interrupted("stopped; nothing was written");
  }
  const auto summary = spectrum::summarize(covariance, request.l2_normalize);
  present(reader.name(), summary, to_json(summary, {{"file", request.base.run.string()}, {"input", reader.name()}}),
          request.out, "spectrum", reader.name(), console);
}

void run_spectrum_of_run(const SpectrumRequest& request, const dist::Group& group, Console& console) {
  const OpenedRun run(request.base, group);
  const bool embedding = request.layer == "embedding";
  const uint64_t limit = request.limit == 0 ? UINT64_MAX : static_cast<uint64_t>(request.limit);
  // Each process makes the covariance of its share of the images; only the covariances travel.
  const auto features =
      run.features(parse_split(request.split), false, embedding, console.context(), limit, /*keep_share=*/true);
  const torch::Tensor& rows = embedding ? features.embedding : features.representation;
  spectrum::Covariance covariance(rows.size(1));
  spectrum::add_rows(covariance, rows, request.l2_normalize);
  covariance.merge(group);
  if (!group.is_root()) return;
  const auto summary = spectrum::summarize(covariance, request.l2_normalize);
  nlohmann::ordered_json protocol = run.protocol();
  protocol["layer"] = request.layer;
  protocol["split"] = request.split;
  const std::string& projector = run.settings.projector.projector;
  present(request.layer + " of the " + request.split + " images, " + projector, summary, to_json(summary, protocol),
          run.run.path() / "spectrum", request.layer, projector, console);
}

}  // namespace

void run_spectrum(const SpectrumRequest& request, Console& console) {
  if (std::filesystem::is_directory(request.base.run)) {
    with_group(request.base, [&](const dist::Group& group) { run_spectrum_of_run(request, group, console); });
  } else if (request.base.environment.rank == 0) {  // reading a file is one process's work

    run_spectrum_of_file(request, console);
  }
}

}  // namespace directclr::cli
