#include "directclr/causes/conclusion.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/text.h"
#include "directclr/spectrum/verdict.h"

namespace directclr::causes {
namespace {

using Conclusion = report::ExplanationResult::Conclusion;

constexpr int64_t kBatchesOfEachHalf = 4;
constexpr int64_t kImagesPerDirection = 2;  // of each half

long long whole(int64_t n) { return static_cast<long long>(n); }

bool seen(const Explanation& e) { return e.last.contrast.negative_for_certain > 0; }

// "r has collapsed: 221 of 512 directions ..".
std::string state_of_r(const Explanation& e) {
  const auto verdict = spectrum::verdict(e.r, {});
  return "r of these views: " + verdict.name() + " (" + verdict.text + ")";
}

bool collapsed(const Explanation& e) {
  const auto kind = spectrum::verdict(e.r, {}).kind;
  return kind == spectrum::Verdict::Kind::kDimensionalCollapse || kind == spectrum::Verdict::Kind::kCompleteCollapse;
}

std::string finding(const Explanation& e) {
  const auto& x = e.last.contrast;
  const std::string r = collapsed(e) ? "r has dead directions" : "r has not collapsed";
  if (seen(e)) {
    return format(
        "%s, and the first cause of collapse, augmentation stronger than the data, is at work: along %lld of %zu "
        "directions of the %s the augmentation spreads the views of an image more than the data spread the images",
        r.c_str(), whole(x.negative_for_certain), x.eigenvalues.size(), e.last.layer.c_str());
  }
  return r + (collapsed(e) ? ", but not because augmentation is stronger than the data now: " : ", and ") +
         "the first cause of collapse is not seen along any direction of the " + e.last.layer +
         (collapsed(e) ? ". What made them dead came earlier in training, or lies within the encoder, which this does "
                         "not look at"
                       : "");
}

// What the trained loss's own X says: the finding rests on it.
std::string on_trained_weights(const Explanation& e) {
  const auto& x = e.last.contrast;
  return format(
      "X of Lemma 2 with the weights of the trained loss (%s), on images that had no part in finding the directions: "
      "%lld of %zu have a negative eigenvalue beyond chance (a t-test for each; of those that it names at most 5 %% "
      "are expected to be wrong), %lld a negative one at all. In the %lld weakest the augmentation spreads %.2f times "
      "what the data spread",
      e.loss.loss.c_str(), whole(x.negative_for_certain), x.eigenvalues.size(), whole(x.negative_held_out),
      whole(e.weak.size(0)), e.weak_share);
}

std::string on_eqn2(const Explanation& e) {
  const double decided = e.eqn2.mean.mean_one_minus_alpha;
  return format(
      "X with Eqn 2's own weights, embeddings not normalised, another loss than the trained one: %lld of %zu "
      "directions negative beyond chance. Its softmax leaves 1 - alpha_ii = %.2g undecided%s",
      whole(e.eqn2.negative_for_certain), e.eqn2.eigenvalues.size(), decided,
      decided < 0.01 ? ": nearly nothing, so that a few pairs of images decide its signs" : "");
}

std::string on_growth(const Explanation& e) {
  const auto& g = e.growth;
  return format(
      "Lemma 4, exact for the trained loss: %lld of %zu %s shrink now, by more than the batches' scatter explains. The "
      "loss does not see the length of z, so that some must shrink where others grow: this is no sign of either cause "
      "by itself",
      whole(g.shrinking), g.size.size(),
      g.singular ? "singular directions of the last linear map" : "eigenvectors of X");
}

std::string on_lemma2(const Explanation& e) {
  const auto& g = e.growth;
  return format(
      "Lemma 2, with X for the gradient, orders what grows under the trained loss %s (rank correlation %.2f) and has "
      "the wrong sign for %lld of %zu directions",
      g.rank_correlation > 0.7   ? "much as they are"
      : g.rank_correlation > 0.3 ? "roughly"
                                 : "otherwise",
      g.rank_correlation, whole(g.signs_differ), g.size.size());
}

std::string on_augmentation(const Explanation& e) {
  const auto& all = e.attribution.front();
  const Attribution* alone = nullptr;
  const Attribution* without = nullptr;
  for (const auto& a : e.attribution) {
    if (a.kind == data::AugmentVariant::Kind::kAlone && (!alone || a.weak_share > alone->weak_share)) alone = &a;
    if (a.kind == data::AugmentVariant::Kind::kWithout && (!without || a.weak_share < without->weak_share))
      without = &a;
  }
  if (!alone || !without) return "The augmentation has a single operation: there is nothing to attribute";
  const double alone_part = 100 * alone->weak_share / all.weak_share;
  const double left = 100 * without->weak_share / all.weak_share;
  const std::string text = "Of what the augmentation spreads in the weakest directions ";
  if (alone->operation == without->operation) {
    return text + format("most is %s: alone it makes %.0f %%, and without it %.0f %% is left", alone->operation.c_str(),
                         alone_part, left);
  }
  return text + format(
                    "no operation makes most by itself: %s alone makes %.0f %%, the largest part, and without %s "
                    "%.0f %% is left, the least",
                    alone->operation.c_str(), alone_part, without->operation.c_str(), left);
}

std::string on_alignment(const Alignment& a) {
  return format(
      "The second cause, layers that align: %s (between them %s): mean |A_kk| of the leading quarter %.2f, off the "
      "diagonal %.3f; random directions give %.3f",
      a.name.c_str(), a.between.c_str(), a.alignment.leading_diagonal, a.alignment.off_diagonal, a.alignment.chance);
}

// Not seen beyond chance, and yet the augmentation outweighs the data where they are weakest.
bool leaves_open(const Explanation& e) { return !seen(e) && e.weak_share > 1; }

std::string on_open(const Explanation& e) {
  return format(
      "In the %lld weakest directions the augmentation spreads %.2f times what the data spread. This may be chance, "
      "and more images would tell",
      whole(e.weak.size(0)), e.weak_share);
}

bool eqn2_agrees(const Explanation& e) { return (e.eqn2.negative_for_certain > 0) == seen(e); }

// Whether X orders what grows under the trained loss, and has the sign of all but a tenth.
bool x_explains_growth(const Explanation& e) {
  const auto& g = e.growth;
  return !(g.rank_correlation <= 0.3) && 10 * g.signs_differ <= static_cast<int64_t>(g.size.size());
}

}  // namespace

int64_t images_needed(int64_t width, int64_t batch) {
  const int64_t images = std::max(2 * kImagesPerDirection * width, 2 * kBatchesOfEachHalf * batch);
  return (images + batch - 1) / batch * batch;
}

Conclusion conclude(const Explanation& e) {
  Conclusion c;
  const auto width = static_cast<int64_t>(e.last.contrast.eigenvalues.size());
  const int64_t needed = images_needed(width, e.batch);
  if (e.images < needed) {
    c.finding = format(
        "No conclusion: %lld images in batches of %lld are too few for %lld directions. Take %lld or more (--images "
        "%lld) if the data have so many, or smaller batches where these are what makes them too few; no number "
        "of this explanation is to be relied on",
        whole(e.images), whole(e.batch), whole(width), whole(needed), whole(needed));
    c.confidence = "none";
    c.beside.push_back(state_of_r(e));
    return c;
  }
  c.finding = finding(e);
  const bool agrees = eqn2_agrees(e), explains = x_explains_growth(e), open = leaves_open(e);
  const int sure = (agrees ? 1 : 0) + (explains ? 1 : 0) - (open ? 1 : 0);
  c.confidence = sure == 2 ? "high" : sure == 1 ? "moderate" : "low";
  c.supporting.push_back(on_trained_weights(e));
  if (open) c.opposing.push_back(on_open(e));
  (agrees ? c.supporting : c.opposing).push_back(on_eqn2(e));
  (explains ? c.supporting : c.opposing).push_back(on_lemma2(e));
  c.beside.push_back(state_of_r(e));
  c.beside.push_back(on_growth(e));
  if (!e.attribution.empty()) c.beside.push_back(on_augmentation(e));
  if (e.alignments.empty()) {
    c.beside.emplace_back(
        "The second cause, layers that align: behind r there is no matrix with singular vectors of its own, so there "
        "it cannot act");
  }
  for (const auto& alignment : e.alignments) c.beside.push_back(on_alignment(alignment));
  if (e.first_layer) {
    c.beside.push_back(
        format("Theorem 3 orders the growth of the projector's first matrix with rank correlation %.2f "
               "to the true rates, and has the wrong sign for %lld of %zu",
               e.first_layer->rank_correlation, whole(e.first_layer->signs_differ), e.first_layer->size.size()));
  }
  return c;
}

}  // namespace directclr::causes
