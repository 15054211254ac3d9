#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "directclr/settings/loss_settings.h"

namespace directclr::explain {

// The matrix X of the paper's Lemma 2 over the real views of real images: what the data spread less what the
// augmentation spreads, both weighted by how undecided the loss still is. theory/contrast_matrix.h has it for the
// linear models of the laboratory; here rows are samples.

/// Whose weights X has.
enum class Weights {
  kTrained,  ///< those of the loss that was trained, on z / |z|
  kEqn2,     ///< Eqn 2's on z as it is: the letter of Lemma 2. With real networks often saturated: all alpha_ii near 1,
             ///< X near 0
};

/// Rows of the two views of one batch: the input h of the linear map, and the embedding z it becomes.
struct ViewBatch {
  at::Tensor h_a, h_b;  ///< (n, H)
  at::Tensor z_a, z_b;  ///< (n, P)
};

/// With which weights a loss drives rows apart and views together: minus its gradient flow along distances, row by row.
struct PairWeights {
  at::Tensor apart;     ///< (n, n) float64: of |z_i - z_j|^2 / 2, j != i; 0 on the diagonal
  at::Tensor together;  ///< (n) float64: of |z_i - z'_i|^2 / 2
};

/// Of Eqn 2, with alpha its softmax over the similarities of z_i with the other z_j and, at j = i, with z'_i: apart is
/// alpha_ij and together 1 - alpha_ii. Of the trained loss:
///   - infonce, ntxent: the same on z / |z| / sqrt(tau), whose distances are the similarities of the loss at its
///     temperature, so that the softmax is about as decided as the loss's
///   - spectral: s_ij / (n - 1) and 1, with s_ij = z_i . z_j / |z_i| |z_j| / tau: no softmax; negative where z_i and
///     z_j lie more than a right angle apart, which this loss brings nearer again
///   - align-uniform: w_u t n p_ij and w_a, with p the softmax of -t |z_i / |z_i| - z_j / |z_j||^2 over all pairs i !=
///   j
/// Throws InputError for another loss, of which no weights are known.
PairWeights pair_weights(const at::Tensor& z_a, const at::Tensor& z_b, Weights weights,
                         const settings::LossSettings& loss);

/// X = data - augmentation, a mean over images (the paper sums: N times as much).
struct ContrastMatrices {
  at::Tensor data;          ///< Sigma0 / N = (1/N) sum_ij apart_ij (h_i - h_j)(h_i - h_j)^T, (H, H) float64
  at::Tensor augmentation;  ///< Sigma1 / N = (1/N) sum_i together_i (h'_i - h_i)(h'_i - h_i)^T
  /// Mean of `together`: with a softmax 1 - alpha_ii, 0 when every pair is recognised with certainty; then X = 0.
  double mean_one_minus_alpha = 0;

  at::Tensor contrast() const { return data - augmentation; }
  /// Adds another's; the first to be added is taken as it is.
  void add(const ContrastMatrices& other);
};

/// Of one batch. `weights`: pair_weights of its embeddings.
ContrastMatrices contrast_matrices(const ViewBatch& batch, const PairWeights& weights);

/// X over several batches, its eigenvectors, and what directions found on one half of the batches say of the other:
/// eigenvalues of a finite sample spread wider than the truth, values on images that had no part in finding the
/// directions do not.
struct ContrastSpectrum {
  ContrastMatrices mean;            ///< over all batches
  std::vector<double> eigenvalues;  ///< of X over all batches, descending
  at::Tensor vectors;               ///< (H, H) float64: column k belongs to eigenvalues[k]

  ContrastMatrices first;              ///< over the even batches
  at::Tensor first_vectors;            ///< eigenvectors of their X, the largest eigenvalue first
  ContrastMatrices second;             ///< over the odd batches
  std::vector<double> held_out;        ///< v_k^T X v_k, v_k of the first half, X of the second
  std::vector<double> standard_error;  ///< of held_out, over the odd batches; infinite with fewer than two
  int64_t negative = 0;                ///< eigenvalues below 0 by more than rounding
  int64_t negative_held_out = 0;       ///< held_out below 0
  int64_t negative_for_certain = 0;    ///< held_out below 0 beyond chance (report::below_zero)
};

/// `batch(k)` gives batch k of `batches` (at least 2; each is asked for twice). Throws NumericalError when something is
/// not finite.
ContrastSpectrum contrast_spectrum(const std::function<ViewBatch(int64_t)>& batch, int64_t batches, Weights weights,
                                   const settings::LossSettings& loss);

/// How much the views of each image of a batch differ within the directions (H, k), orthonormal columns:
/// together_i |directions^T (h'_i - h_i)|^2, (n).
at::Tensor spread_within(const ViewBatch& batch, const PairWeights& weights, const at::Tensor& directions);

}  // namespace directclr::explain
