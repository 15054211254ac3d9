#include <cstdint>
#include <utility>
#include <vector>

#include "cli/engine/commands.h"
#include "cli/engine/opened_run.h"
#include "cli/engine/with_processes.h"
#include "directclr/core/error.h"
#include "directclr/distributed/merge.h"
#include "directclr/tensor/arrays.h"

namespace directclr::cli {

std::optional<report::MeasuredInput> measure_run(const SpectrumRequest& request, Console& console) {
  std::optional<report::MeasuredInput> input;
  const auto& settings = request.settings;
  const auto& wanted = settings.analysis;
  with_processes(request.base, console, [&](const distributed::ProcessGroup& group) {
    std::shared_ptr<FolderLock> owner = own(request.base, group);
    const OpenedRun run(request.base, group, console.context().notice);
    // Each process takes the moments of its share of the images; only those travel.
    if ((wanted.neighbours || wanted.views > 0 || settings.cka || wanted.jackknife > 0) && group.world_size() > 1) {
      throw InputError("--nproc", "--neighbours, --views, --cka and --jackknife are one process's work");
    }
    const bool embedding = settings.layer.layer == "embedding";
    const uint64_t limit = settings.limit == 0 ? UINT64_MAX : static_cast<uint64_t>(settings.limit);
    report::LayerSettings layer = settings.layer;
    layer.split = run.split(layer.split);
    const auto features = run.features(parse_split(layer.split), false, embedding, console.context(), limit,
                                       /*keep_share=*/true);
    const torch::Tensor& rows = embedding ? features.embedding : features.representation;
    spectrum::RowAnalysis analysis(wanted, rows.size(0), rows.size(1), settings.cka);
    analysis.add(tensor::array_of(rows));
    distributed::merge(analysis.moments(), group);
    std::vector<int64_t> places;  // of the images whose rows are left out
    for (const int64_t row : analysis.skipped_rows()) places.push_back(features.places[row].item<int64_t>());
    places = distributed::joined(places, spectrum::kNumberedRows, group);
    if (!group.is_root()) return;
    auto found = analysis.finish(request.base.run.string(), console.context());
    found.skipped_rows = std::move(places);
    input = run.measured(report::spectrum_result(found, settings.verdict, {}), layer);
    input->rows = std::move(found.rows);
    input->hold = std::move(owner);
  });
  return input;
}

}  // namespace directclr::cli
