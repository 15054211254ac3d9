#include <algorithm>

#include "directclr/causes/conclusion.h"
#include "directclr/core/files.h"
#include "directclr/core/settings_json.h"
#include "directclr/data/contact_sheet.h"
#include "directclr/image/encode.h"
#include "directclr/report/explanation_page.h"
#include "directclr/spectrum/verdict.h"

namespace directclr::causes {
namespace {

using report::ExplanationResult;

ExplanationResult::Contrast contrast_of(const LayerContrast& layer) {
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
          layer.augmentation_along,
          x.certain};
}

ExplanationResult::Alignment alignment_of(const Alignment& a) {
  constexpr int64_t kSide = 48;
  const auto& found = a.alignment;
  ExplanationResult::Alignment result{a.name,       a.between,   found.leading_diagonal, found.off_diagonal,
                                      found.chance, found.first, found.second,           {}};
  const array::Array corner = found.matrix.slice(0, kSide).transposed().slice(0, kSide).transposed();
  for (int64_t k = 0; k < corner.size(0); ++k) result.leading.push_back(array::to_doubles(corner.slice(k, k + 1)));
  return result;
}

}  // namespace

ExplanationResult result_of(const Explanation& e, const data::Source& images, const data::AugmentSettings& augment,
                            Json protocol) {
  ExplanationResult result;
  result.images = e.images;
  result.batch = e.batch;
  result.conclusion = conclude(e);
  const auto verdict = spectrum::verdict(e.r, {});
  result.r = {verdict.name(), verdict.text, verdict.dead, e.r.dimensions()};
  result.x = contrast_of(e.last);
  result.x_eqn2 = {e.eqn2.mean.mean_one_minus_alpha, e.eqn2.negative, e.eqn2.negative_for_certain, e.eqn2.eigenvalues};
  if (e.representation) result.x_representation = contrast_of(*e.representation);
  result.weak_count = e.weak.size(0);
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
  Json& views = result.protocol["augmentation"] = Json::object();
  data::AugmentSettings settings = augment;  // fields point into what may be changed
  const FieldList fields = fields_of(settings);
  for (const auto& field : fields.fields()) views[field.name] = json_of(field);
  return result;
}

void write_explanation(const std::filesystem::path& folder, const Explanation& explanation,
                       const ExplanationResult& result, const data::Source& images,
                       const data::AugmentSettings& augment, uint64_t seed, const NoticeSink& notice) {
  make_directories(folder);
  if (!explanation.examples.empty()) {
    constexpr int kColumns = 3;
    write_file(folder / "examples.png",
               image::encode_png(data::contact_sheet(images, augment, seed, explanation.examples, kColumns, notice)));
  }
  report::write_explanation(folder / "explain.json", result);
  report::write_explanation_page(folder);
}

}  // namespace directclr::causes
