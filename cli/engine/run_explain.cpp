#include <algorithm>
#include <optional>

#include "cli/engine/commands.h"
#include "cli/engine/opened_run.h"
#include "directclr/causes/conclusion.h"
#include "directclr/causes/loss_pull.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/data/subset.h"
#include "directclr/explain/explain.h"
#include "directclr/report/explanation_result.h"

namespace directclr::cli {
namespace {

// How many images one softmax runs over.
int64_t batch_of(const ExplainRequest& request, const OpenedRun& run, uint64_t images, Console& console) {
  const int64_t asked = request.settings.batch;
  if (asked == 1) throw InputError("--batch", "1 is out of range", "allowed: 0, or 2 .. 65536");
  if (asked > 0) return asked;
  constexpr int64_t kOfWeights = 256;
  const int64_t usual = run.of_weights() ? kOfWeights : run.settings.batch_size;
  const int64_t half = static_cast<int64_t>(images) / 2;
  if (usual <= half || half < 2) return usual;
  console.notice(format("notice: %lld images do not fill two batches of %lld%s: batches of %lld",
                        static_cast<long long>(images), static_cast<long long>(usual),
                        run.of_weights() ? "" : ", the training's", static_cast<long long>(half)));
  return half;
}

// Where the explanation goes.
std::filesystem::path folder_of(const ExplainRequest& request, const OpenedRun& run) {
  if (!request.out.empty()) return request.out;
  return run.of_weights() ? std::filesystem::path(run.path.string() + ".explain") : run.path / "explain";
}

void explain_run(const ExplainRequest& request, const OpenedRun& run, Console& console) {
  const auto& settings = request.settings;
  const settings::LossSettings& loss = run.of_weights() ? request.loss : run.settings.loss;
  causes::require_pair_weights(loss);
  const auto& all = run.trained_on();
  const uint64_t count = std::min(static_cast<uint64_t>(settings.images), all.size());
  const data::Subset images(all, data::spread_places(count, all.size()));
  const explain::Network network{run.model.encoder, run.model.projector, loss, run.settings.augment, run.device};
  causes::ViewOptions options;
  options.batch = batch_of(request, run, count, console);
  options.seed = run.seed();
  options.workers = run.workers;
  options.skip_bad = run.skip_bad;
  options.task = "views as trained";
  explain::suit(options, network.device);
  const auto folder = folder_of(request, run);
  std::optional<FolderLock> owner;
  if (!request.in_run()) {
    make_directories(folder);
    owner.emplace(folder);
  }
  const auto result = causes::explain(explain::subject_of(network), images, settings, options, console.context());

  Json protocol = run.protocol();
  protocol["view"] = "two augmented views, as in training";
  protocol["preset"] = network.augment.preset;
  protocol["loss"] = loss.loss;
  protocol["tau"] = loss.tau;
  protocol["batch_normalisation"] = "running statistics";
  const auto file = causes::result_of(result, images, network.augment, std::move(protocol));
  causes::write_explanation(folder, result, file, images, network.augment, options.seed, console.context().notice);

  std::string text = format("%s, projector %s, %lld training images in batches of %lld", run.data.c_str(),
                            run.settings.projector.projector.c_str(), static_cast<long long>(result.images),
                            static_cast<long long>(result.batch));
  for (const auto& line : report::lines_of(file.conclusion)) text += "\n- " + line;
  for (const auto& a : result.attribution) {
    text += format("\n  %-22s augmentation / data %.3f, in the weakest directions %.3f", a.name.c_str(), a.share,
                   a.weak_share);
  }
  console.result(text + "\n  wrote " + (folder / "index.html").string() + ", explain.json and figures",
                 json_of(file).dump());
}

}  // namespace

void run_explain(const ExplainRequest& request, Console& console) {
  const ThreadLimit limit(static_cast<size_t>(request.base.threads));
  // What goes elsewhere leaves the run alone.
  const auto owner = request.in_run() ? own(request.base, {}) : nullptr;
  const OpenedRun run(request.base, {}, console.context().notice);
  explain_run(request, run, console);
}

}  // namespace directclr::cli
