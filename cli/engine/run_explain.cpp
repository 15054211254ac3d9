#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>

#include "cli/engine/commands.h"
#include "cli/engine/opened_run.h"
#include "directclr/causes/conclusion.h"
#include "directclr/core/error.h"
#include "directclr/core/json.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/data/subset.h"
#include "directclr/explain/explain.h"
#include "directclr/report/explanation_result.h"
#include "directclr/report/spectrum_weights.h"
#include "directclr/train/device.h"
#include "directclr/train/foreign_weights.h"

namespace directclr::cli {
namespace {

// What is explained, with where its images, numbers and results come from.
struct Opened {
  explain::Network network;
  const data::Source* images = nullptr;
  causes::ViewOptions options;
  Json protocol;
  std::filesystem::path folder;
};

Opened open_run(const OpenedRun& run) {
  Opened opened{{run.model.encoder, run.model.projector, run.settings.loss, run.settings.augment, run.device},
                &run.source(data::Split::kTrain, false),
                {},
                run.protocol(),
                run.run.path() / "explain"};
  opened.options.seed = run.seed();
  opened.options.workers = run.workers;
  opened.options.skip_bad = run.skip_bad;
  return opened;
}

// An encoder that came as weights: without a projector, as if the loss saw r.
Opened open_weights(const ExplainRequest& request, const data::Source& images, Console& console) {
  const auto& foreign = request.foreign;
  const auto seed = static_cast<uint64_t>(foreign.seed);
  const int64_t cores = std::max<int64_t>(1, std::thread::hardware_concurrency());
  at::set_num_threads(static_cast<int>(request.base.threads == 0 ? cores : request.base.threads));
  Opened opened;
  auto& network = opened.network;
  network.device = train::resolve_device(request.base.device, 0);
  network.encoder = model::make_encoder(foreign.encoder, foreign.augment.image_size, seed);
  const auto read = train::load_foreign_weights(*network.encoder, request.base.run, foreign.prefix);
  console.notice("read " + request.base.run.string() + ", " + read.text());
  network.encoder->to(subject.device);
  model::to_channels_last(*network.encoder);
  network.encoder->eval();
  settings::ProjectorSettings none;
  none.projector = "none";
  network.projector = model::make_projector(none, network.encoder->representation(), seed);
  network.projector->eval();
  network.loss = foreign.loss;
  network.augment = foreign.augment;
  opened.images = &images;
  opened.options.seed = seed;
  opened.options.workers = request.base.workers == 0 ? cores : request.base.workers;
  opened.options.skip_bad = request.base.skip_bad;
  opened.protocol = {{"weights", request.base.run.string()},
                     {"read", report::json_of(read)},
                     {"data", request.base.data},
                     {"projector", "none"},
                     {"arch", foreign.encoder.arch},
                     {"pretraining_epochs", nullptr},
                     {"seed", foreign.seed},
                     {"precision", "float32"}};
  opened.folder = request.base.run.string() + ".explain";
  return opened;
}

void explain_opened(const ExplainRequest& request, Opened opened, Console& console) {
  const auto& settings = request.settings;
  const auto& all = *opened.images;
  const uint64_t count = std::min(static_cast<uint64_t>(settings.images), all.size());
  const data::Subset images(all, data::spread_places(count, all.size()));
  opened.options.batch = settings.batch;
  opened.options.task = "views as trained";
  explain::suit(opened.options, opened.network.device);
  const auto result =
      causes::explain(explain::subject_of(opened.network), images, settings, opened.options, console.context());

  const auto folder = request.out.empty() ? opened.folder : request.out;
  opened.protocol["view"] = "two augmented views, as in training";
  opened.protocol["preset"] = opened.network.augment.preset;
  opened.protocol["loss"] = opened.network.loss.loss;
  opened.protocol["tau"] = opened.network.loss.tau;
  opened.protocol["batch_normalisation"] = "running statistics";
  const auto data = opened.protocol["data"].get<std::string>();
  const auto projector = opened.protocol["projector"].get<std::string>();
  const auto file = causes::result_of(result, images, std::move(opened.protocol));
  causes::write_explanation(folder, result, file, images, opened.network.augment, opened.options.seed);

  std::string text = format("%s, projector %s, %lld images in batches of %lld", data.c_str(), projector.c_str(),
                            static_cast<long long>(result.images), static_cast<long long>(result.batch));
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
  if (std::filesystem::is_directory(request.base.run)) {
    // What goes elsewhere leaves the run alone.
    const auto owner = request.out.empty() ? own(request.base, {}) : nullptr;
    const OpenedRun run(request.base, {}, console.context().notice);
    return explain_opened(request, open_run(run), console);
  }
  const auto images = data::open_source(request.base.data, data::Split::kTrain,
                                        {request.base.skip_bad, console.context().notice, request.base.reading});
  explain_opened(request, open_weights(request, *images, console), console);
}

}  // namespace directclr::cli
