#include <algorithm>

#include "cli/engine/commands.h"
#include "cli/engine/findings.h"
#include "cli/engine/opened_run.h"
#include "directclr/core/error.h"
#include "directclr/io/row_reader.h"
#include "directclr/spectrum/spectrum.h"

namespace directclr::cli {
namespace {

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
  const Finding finding =
      write_spectrum(reader.name(), summary, {{"file", request.base.run.string()}, {"input", reader.name()}},
                     request.out, "spectrum", reader.name());
  console.result(finding.text, finding.object.dump());
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
  const Finding finding = save_spectrum(run, request.layer, request.split, summary);
  console.result(finding.text, finding.object.dump());
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
