#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace directclr::explain {

// The matrix X of the paper's Lemma 2 over the real views of real images: what the data spread less what the
// augmentation spreads, both weighted by how undecided the loss still is. theory/contrast_matrix.h has it for the
// linear models of the laboratory; here rows are samples.

/// Which embeddings decide the weights alpha of Eqn 2, exp(-|z_i - z_j|^2 / 2) and its softmax.
enum class Weights {
  kTrained,  ///< z / |z| / sqrt(tau): distances are then the similarities of the trained loss, at its temperature
  kEqn2,     ///< z as it is: the letter of Lemma 2. With real networks often saturated: all alpha_ii near 1, X near 0
};

/// Rows of the two views of one batch: the input h of the linear map, and the embedding z it becomes.
struct ViewBatch {
  at::Tensor h_a, h_b;  ///< (n, H)
  at::Tensor z_a, z_b;  ///< (n, P)
};

/// alpha (n, n) float64; row i is the softmax over j of the similarities of z_i with the other z_j and, at j = i, with
/// z'_i. Its rows sum to one. `tau` matters to kTrained alone.
at::Tensor softmax_weights(const at::Tensor& z_a, const at::Tensor& z_b, Weights weights, double tau);

/// X = data - augmentation, a mean over images (the paper sums: N times as much).
struct ContrastMatrices {
  at::Tensor data;                  ///< Sigma0 / N = (1/N) sum_ij alpha_ij (h_i - h_j)(h_i - h_j)^T, (H, H) float64
  at::Tensor augmentation;          ///< Sigma1 / N = (1/N) sum_i (1 - alpha_ii)(h'_i - h_i)(h'_i - h_i)^T
  double mean_one_minus_alpha = 0;  ///< mean 1 - alpha_ii: 0 when every pair is recognised with certainty, then X = 0

  at::Tensor contrast() const { return data - augmentation; }
  /// Adds another's; the first to be added is taken as it is.
  void add(const ContrastMatrices& other);
};

/// Of one batch. alpha: softmax_weights of its embeddings.
ContrastMatrices contrast_matrices(const ViewBatch& batch, const at::Tensor& alpha);

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
                                   double tau);

/// How much the views of each image of a batch differ within the directions (H, k), orthonormal columns:
/// (1 - alpha_ii) |directions^T (h'_i - h_i)|^2, (n).
at::Tensor spread_within(const ViewBatch& batch, const at::Tensor& alpha, const at::Tensor& directions);

}  // namespace directclr::explain
