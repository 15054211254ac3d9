#include <algorithm>

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
#include "directclr/spectrum/verdict.h"
#include "directclr/tensor/arrays.h"

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

void explain_run(const ExplainRequest& request, const OpenedRun& run, Console& console) {
  const auto& settings = request.settings;
  const auto& all = run.source(data::Split::kTrain, false);
  const uint64_t count = std::min(static_cast<uint64_t>(settings.images), all.size());
  const data::Subset images(all, data::spread_places(count, all.size()));
  const settings::LossSettings& loss = run.of_weights() ? request.loss : run.settings.loss;
  const explain::Subject subject{run.model.encoder, run.model.projector, loss, run.settings.augment, run.device};
  explain::ViewOptions options;
  options.batch = batch_of(request, run, count, console);
  options.seed = run.seed();
  options.workers = run.workers;
  options.skip_bad = run.skip_bad;
  options.task = "views as trained";
  const auto result = explain::explain(subject, images, settings, options, console.context());

  const auto own_folder =
      run.of_weights() ? std::filesystem::path(run.path.string() + ".explain") : run.path / "explain";
  const auto folder = request.out.empty() ? own_folder : request.out;
  make_directories(folder);
  Json protocol = run.protocol();
  protocol["view"] = "two augmented views, as in training";
  protocol["preset"] = subject.augment.preset;
  protocol["loss"] = loss.loss;
  protocol["tau"] = loss.tau;
  protocol["batch_normalisation"] = "running statistics";
  const auto file = result_of(result, images, std::move(protocol));
  if (!result.examples.empty()) {
    write_file(folder / "examples.png",
               image::encode_png(data::contact_sheet(images, subject.augment, options.seed, result.examples, 3,
                                                     console.context().notice)));
  }
  report::write_explanation(folder / "explain.json", file);
  report::write_explanation_page(folder);

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
  const auto owner = request.out.empty() ? own(request.base, {}) : nullptr;
  const OpenedRun run(request.base, {}, console.context().notice);
  explain_run(request, run, console);
}

}  // namespace directclr::cli
