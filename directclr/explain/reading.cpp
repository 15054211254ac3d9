#include <algorithm>
#include <cmath>

#include "directclr/core/text.h"
#include "directclr/explain/explain.h"

namespace directclr::explain {
namespace {

std::string count_of(int64_t n, size_t all) { return format("%lld of %zu", static_cast<long long>(n), all); }

std::string on_negative(const Explanation& e) {
  const auto& x = e.last.contrast;
  const size_t width = x.eigenvalues.size();
  const double share = (x.mean.augmentation.diagonal().sum() / x.mean.data.diagonal().sum()).item<double>();
  const std::string counts = format(
      "On images that had no part in finding them %s directions of the %s have a negative eigenvalue of X for certain "
      "(5 %% false discoveries; below zero at all: %lld). ",
      count_of(x.negative_for_certain, width).c_str(), e.last.layer.c_str(),
      static_cast<long long>(x.negative_held_out));
  return counts +
         (x.negative_for_certain > 0
              ? "Along these the augmentation spreads the views of an image more than the data spread images, and "
                "training shrinks them: the first cause of collapse is at work. "
              : "The first cause of collapse, augmentation stronger than the data, is not seen. ") +
         format("Over all directions the augmentation spreads %.2f of what the data spread, in the %lld weakest %.2f.",
                share, static_cast<long long>(e.weak.size(1)), e.weak_share);
}

std::string on_augmentation(const Explanation& e) {
  const auto& whole = e.attribution.front();
  const Attribution* alone = nullptr;
  const Attribution* without = nullptr;
  for (const auto& a : e.attribution) {
    if (a.kind == data::AugmentVariant::Kind::kAlone && (!alone || a.weak_share > alone->weak_share)) alone = &a;
    if (a.kind == data::AugmentVariant::Kind::kWithout && (!without || a.weak_share < without->weak_share))
      without = &a;
  }
  if (!alone || !without) return "The augmentation has a single operation: there is nothing to attribute.";
  const std::string text = format("In the %lld weakest directions, drawn anew, the augmentation's share is %.2f. ",
                                  static_cast<long long>(e.weak.size(1)), whole.weak_share);
  if (alone->operation == without->operation) {
    return text + format("Most of it is %s: alone it makes %.2f, and without it %.2f is left.",
                         alone->operation.c_str(), alone->weak_share, without->weak_share);
  }
  return text + format(
                    "No operation answers for it by itself: %s makes most alone (%.2f), leaving out %s takes away "
                    "most (%.2f is left).",
                    alone->operation.c_str(), alone->weak_share, without->operation.c_str(), without->weak_share);
}

std::string on_growth(const Explanation& e) {
  const auto& g = e.growth;
  return format(
      "Under the loss as trained %s %s shrink at this moment beyond chance (Lemma 4). Lemma 2, "
      "with X for the gradient, orders the directions %s (rank correlation %.2f) and has the wrong sign for "
      "%lld of them.",
      count_of(g.shrinking, g.size.size()).c_str(),
      g.singular ? "singular directions of the last linear map" : "eigenvectors of X",
      g.rank_correlation > 0.7   ? "much as it does"
      : g.rank_correlation > 0.3 ? "roughly"
                                 : "otherwise",
      g.rank_correlation, static_cast<long long>(g.signs_differ));
}

std::string on_alignment(const Alignment& a) {
  return format(
      "Alignment of %s (%s between): mean |A_kk| of the leading quarter %.2f, off the diagonal %.3f; random "
      "directions give %.3f.",
      a.name.c_str(), a.between.c_str(), a.alignment.leading_diagonal, a.alignment.off_diagonal, a.alignment.chance);
}

}  // namespace

std::vector<std::string> reading(const Explanation& e) {
  std::vector<std::string> sentences = {on_negative(e)};
  if (!e.attribution.empty()) sentences.push_back(on_augmentation(e));
  sentences.push_back(on_growth(e));
  sentences.push_back(
      format("With Eqn 2's own weights (embeddings not normalised) 1 - alpha_ii is %.3g on average and %lld directions "
             "are negative for certain; with those of the trained loss 1 - alpha_ii is %.3g.",
             e.eqn2.mean.mean_one_minus_alpha, static_cast<long long>(e.eqn2.negative_for_certain),
             e.last.contrast.mean.mean_one_minus_alpha));
  if (e.alignments.empty()) {
    sentences.emplace_back(
        "The projector has no matrix with singular vectors of its own: the second cause of collapse, "
        "layers that align, has nothing to act on behind r.");
  }
  for (const auto& alignment : e.alignments) sentences.push_back(on_alignment(alignment));
  if (e.first_layer) {
    sentences.push_back(
        format("Theorem 3 orders the growth of the projector's first matrix with rank correlation %.2f "
               "to the true rates, and has the wrong sign for %lld of %zu.",
               e.first_layer->rank_correlation, static_cast<long long>(e.first_layer->signs_differ),
               e.first_layer->size.size()));
  }
  return sentences;
}

}  // namespace directclr::explain
