#include "cli/engine/commands.h"
#include "cli/engine/opened_run.h"
#include "cli/engine/with_processes.h"
#include "directclr/core/error.h"
#include "directclr/distributed/merge.h"
#include "directclr/tensor/arrays.h"

namespace directclr::cli {

std::optional<RunRows> run_rows(const SpectrumRequest& request, Console& console) {
  std::optional<RunRows> result;
  with_processes(request.base, console, [&](const distributed::ProcessGroup& group) {
    const OpenedRun run(request.base, group, console.context().notice);
    const bool embedding = request.layer == "embedding";
    const auto& wanted = request.analysis;
    // Each process takes the moments of its share of the images; only those travel.
    if ((wanted.neighbours || wanted.views > 0 || request.cka || wanted.jackknife > 0) && group.world_size() > 1) {
      throw InputError("--nproc", "--neighbours, --views, --cka and --jackknife are one process's work");
    }
    const uint64_t limit = request.limit == 0 ? UINT64_MAX : static_cast<uint64_t>(request.limit);
    const auto features =
        run.features(parse_split(request.split), false, embedding, console.context(), limit, /*keep_share=*/true);
    const torch::Tensor& rows = embedding ? features.embedding : features.representation;
    spectrum::RowAnalysis analysis(wanted, rows.size(0), rows.size(1), request.cka);
    analysis.add(tensor::array_of(rows));
    distributed::merge(analysis.moments(), group);
    if (!group.is_root()) return;
    Json protocol = run.protocol();
    protocol["layer"] = request.layer;
    protocol["split"] = request.split;
    result = RunRows{std::move(analysis), run.run.path().filename().string(), run.settings.projector.projector,
                     run.run.path() / "spectrum", std::move(protocol)};
  });
  return result;
}

}  // namespace directclr::cli
