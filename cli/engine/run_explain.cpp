#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>

#include "cli/engine/commands.h"
#include "cli/engine/opened_run.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/data/contact_sheet.h"
#include "directclr/data/subset.h"
#include "directclr/explain/explain.h"
#include "directclr/image/encode.h"
#include "directclr/report/explanation_page.h"
#include "directclr/report/explanation_result.h"
#include "directclr/report/spectrum_weights.h"
#include "directclr/spectrum/verdict.h"
#include "directclr/tensor/arrays.h"
#include "directclr/train/device.h"
#include "directclr/train/foreign_weights.h"

namespace directclr::cli {
namespace {

report::ExplanationResult::Contrast contrast_of(const explain::LayerContrast& layer) {
  const auto& x = layer.contrast;
  return {layer.layer,
          x.mean.mean_one_minus_alpha,
          x.negative,
          x.negative_held_out,
          x.negative_for_certain,
          x.eigenvalues,
          x.held_out,
          x.standard_error,
          layer.data_along,
          layer.augmentation_along};
}

report::ExplanationResult::Alignment alignment_of(const explain::Alignment& a) {
  constexpr int64_t kSide = 48;
  const auto& found = a.alignment;
  report::ExplanationResult::Alignment result{a.name,       a.between,   found.leading_diagonal, found.off_diagonal,
                                              found.chance, found.first, found.second,           {}};
  const array::Array corner = found.matrix.slice(0, kSide).transposed().slice(0, kSide).transposed();
  for (int64_t k = 0; k < corner.size(0); ++k) result.leading.push_back(array::to_doubles(corner.slice(k, k + 1)));
  return result;
}

report::ExplanationResult result_of(const explain::Explanation& e, const data::Source& images, Json protocol) {
  report::ExplanationResult result;
  result.images = e.images;
  result.batch = e.batch;
  result.conclusion = explain::conclude(e);
  const auto verdict = spectrum::verdict(e.r, {});
  result.r = {verdict.name(), verdict.text, verdict.dead, e.r.dimensions()};
  result.x = contrast_of(e.last);
  result.x_eqn2 = {e.eqn2.mean.mean_one_minus_alpha, e.eqn2.negative, e.eqn2.negative_for_certain, e.eqn2.eigenvalues};
  if (e.representation) result.x_representation = contrast_of(*e.representation);
  result.weak_count = e.weak.size(1);
  result.weak_share = e.weak_share;
  result.attribution_images = e.attribution_images;
  for (const auto& a : e.attribution) result.attribution.push_back({a.name, a.share, a.weak_share});
  for (size_t i = 0; i < e.examples.size(); ++i) {
    result.examples.push_back({images.describe(e.examples[i]), e.example_shares[i]});
  }
  const auto& g = e.growth;
  result.growth = {g.singular,         g.size,         g.exact,    g.standard_error, g.lemma2,
                   g.rank_correlation, g.signs_differ, g.shrinking};
  for (const auto& a : e.alignments) result.alignments.push_back(alignment_of(a));
  if (e.first_layer) {
    const auto& f = *e.first_layer;
    result.first_layer = {f.size, f.exact, f.standard_error, f.theorem3, f.rank_correlation, f.signs_differ};
  }
  result.protocol = std::move(protocol);
  return result;
}

// What is explained, with where its images, numbers and results come from.
struct Opened {
  explain::Subject subject;
  const data::Source* images = nullptr;
  explain::ViewOptions options;
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
  auto& subject = opened.subject;
  subject.device = train::resolve_device(request.base.device, 0);
  subject.encoder = model::make_encoder(foreign.encoder, foreign.augment.image_size, seed);
  const auto read = train::load_foreign_weights(*subject.encoder, request.base.run, foreign.prefix);
  console.notice("read " + request.base.run.string() + ", " + read.text());
  subject.encoder->to(subject.device);
  model::to_channels_last(*subject.encoder);
  subject.encoder->eval();
  settings::ProjectorSettings none;
  none.projector = "none";
  subject.projector = model::make_projector(none, subject.encoder->representation(), seed);
  subject.projector->eval();
  subject.loss = foreign.loss;
  subject.augment = foreign.augment;
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
  const auto result = explain::explain(opened.subject, images, settings, opened.options, console.context());

  const auto folder = request.out.empty() ? opened.folder : request.out;
  make_directories(folder);
  opened.protocol["view"] = "two augmented views, as in training";
  opened.protocol["preset"] = opened.subject.augment.preset;
  opened.protocol["loss"] = opened.subject.loss.loss;
  opened.protocol["tau"] = opened.subject.loss.tau;
  opened.protocol["batch_normalisation"] = "running statistics";
  const auto data = opened.protocol["data"].get<std::string>();
  const auto projector = opened.protocol["projector"].get<std::string>();
  const auto file = result_of(result, images, std::move(opened.protocol));
  if (!result.examples.empty()) {
    write_file(folder / "examples.png", image::encode_png(data::contact_sheet(
                                            images, opened.subject.augment, opened.options.seed, result.examples, 3)));
  }
  report::write_explanation(folder / "explain.json", file);
  report::write_explanation_page(folder);

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
