#pragma once

#include <functional>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/causes/loss_pull.h"

namespace directclr::causes {

// The matrix X of the paper's Lemma 2 over the real views of real images: what the data spread less what the
// augmentation spreads, both weighted by how undecided the loss still is. theory/contrast_matrix.h has it for the
// linear models of the laboratory; here rows are samples. All arrays are float64 and contiguous; directions are rows.

/// Rows of the two views of one batch: the input h of the linear map, and the embedding z it becomes.
struct ViewBatch {
  array::Array h_a, h_b;  ///< (n, H)
  array::Array z_a, z_b;  ///< (n, P)
};

/// X = data - augmentation, a mean over images (the paper sums: N times as much).
struct ContrastMatrices {
  array::Array data;          ///< Sigma0 / N = (1/N) sum_ij apart_ij (h_i - h_j)(h_i - h_j)^T, (H, H)
  array::Array augmentation;  ///< Sigma1 / N = (1/N) sum_i together_i (h'_i - h_i)(h'_i - h_i)^T
  /// Mean of `together`: with a softmax 1 - alpha_ii, 0 when every pair is recognised with certainty; then X = 0.
  double mean_one_minus_alpha = 0;

  array::Array contrast() const;
  /// Adds another's; the first to be added is taken as it is.
  void add(const ContrastMatrices& other);
};

/// Of one batch. `weights`: pair_weights of its embeddings.
ContrastMatrices contrast_matrices(const ViewBatch& batch, const PairWeights& weights);

/// v_k^T X v_k of one batch for directions (k, H), without its X: (k).
std::vector<double> contrast_along(const ViewBatch& batch, const PairWeights& weights, const array::Array& directions);

/// X over several batches, its eigenvectors, and what directions found on one half of the batches say of the other:
/// eigenvalues of a finite sample spread wider than the truth, values on images that had no part in finding the
/// directions do not.
struct ContrastSpectrum {
  ContrastMatrices mean;            ///< over all batches
  std::vector<double> eigenvalues;  ///< of X over all batches, descending
  array::Array vectors;             ///< (H, H): row k belongs to eigenvalues[k]

  ContrastMatrices first;              ///< over the even batches
  array::Array first_vectors;          ///< eigenvectors of their X in rows, the largest eigenvalue first
  ContrastMatrices second;             ///< over the odd batches
  std::vector<double> held_out;        ///< v_k^T X v_k, v_k of the first half, X of the second
  std::vector<double> standard_error;  ///< of held_out, over the odd batches; infinite with fewer than two
  int64_t negative = 0;                ///< eigenvalues below 0 by more than rounding
  int64_t negative_held_out = 0;       ///< held_out below 0
  int64_t negative_for_certain = 0;    ///< held_out below 0 beyond chance (report::below_zero)
  std::vector<int64_t> certain;        ///< the places of those in held_out
};

/// `batch(k)` gives batch k of `batches` (at least 2; each is asked for twice). Throws NumericalError when something is
/// not finite.
ContrastSpectrum contrast_spectrum(const std::function<ViewBatch(int64_t)>& batch, int64_t batches, Weights weights,
                                   const settings::LossSettings& loss);

/// How much the views of each image of a batch differ within the directions (k, H), orthonormal:
/// together_i |directions (h'_i - h_i)|^2, (n).
std::vector<double> spread_within(const ViewBatch& batch, const PairWeights& weights, const array::Array& directions);

}  // namespace directclr::causes
