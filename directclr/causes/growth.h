#pragma once

#include <functional>
#include <vector>

#include "directclr/causes/contrast.h"

namespace directclr::causes {

/// z = W h + b, the last linear map before the loss.
struct LinearMap {
  array::Array weight;  ///< (P, H) float64; empty: the identity, z = h
  array::Array bias;    ///< (P)

  bool is_identity() const { return weight.numel() == 0; }
};

/// How fast directions of h grow in the linear map, right now: d log |W v| / dt = -(W v)^T G v / |W v|^2 under the
/// gradient flow W' = -G. For a singular vector v_k that is s_k' / s_k, Lemma 4 divided by s_k, which is exact for any
/// loss. Weight decay, momentum and the optimiser's scaling are not in it.
struct Growth {
  bool singular = false;      ///< directions are the right singular vectors of W; else (W without distinct singular
                              ///< values) the eigenvectors of X
  std::vector<double> size;   ///< |W v_k|: the singular values, descending, or lengths in the vectors' order
  std::vector<double> exact;  ///< from G = dL/dW of the loss that is trained
  std::vector<double> standard_error;  ///< of exact, over the batches; infinite with one
  std::vector<double> lemma2;          ///< what Lemma 2 says, G = -W X: (W v)^T (W X v) / |W v|^2
  double rank_correlation = 0;         ///< of the two (Spearman); not a number when one is constant
  int64_t signs_differ = 0;            ///< directions where exact is not 0 beyond chance (report::below_zero, either
                                       ///< way) and the other sign is predicted
  int64_t shrinking = 0;               ///< directions with exact below 0 beyond chance
};

/// dL/dz_a and dL/dz_b (n, P) of a batch's embeddings.
using LossGradients =
    std::function<std::pair<array::Array, array::Array>(const array::Array& z_a, const array::Array& z_b)>;

/// `batch(k)` gives batch k of `batches` (>= 1). x: the contrast matrix X (H, H) with its eigenvectors (rows).
/// Directions with |W v| below 1e-6 of the largest do not reach the loss and are left out.
Growth growth(const std::function<ViewBatch(int64_t)>& batch, int64_t batches, const LinearMap& map,
              const LossGradients& gradients, const array::Array& x, const array::Array& eigenvectors);

/// The first of two adjacent matrices, z = f(W1 r), under the loss that is trained and as Theorem 3 predicts.
struct FirstLayerGrowth {
  std::vector<double> size;            ///< singular values s_1k of W1, descending, as many as both layers have
  std::vector<double> exact;           ///< s_1k' = -u_1k^T (dL/dW1) v_1k (Lemma 4)
  std::vector<double> standard_error;  ///< of exact, over the batches
  std::vector<double> theorem3;        ///< s_1k s_2k^2 (v_1k^T X v_1k): two linear, aligned layers under Eqn 2
  double rank_correlation = 0;
  int64_t signs_differ = 0;
};

/// `gradient(k)`: dL/dW1 (m, n) of batch k. first (m, n), second (p, m); x (n, n), over r.
FirstLayerGrowth first_layer_growth(const std::function<array::Array(int64_t)>& gradient, int64_t batches,
                                    const array::Array& first, const array::Array& second, const array::Array& x);

}  // namespace directclr::causes
