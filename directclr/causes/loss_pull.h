#pragma once

#include <utility>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/settings/loss_settings.h"

namespace directclr::causes {

// What a loss between two views does to embeddings z_a, z_b (n, P), n >= 2, float64 and contiguous, row by row; dense
// in n, by the definitions of docs/math.md, "Losses". For batches that are looked at, not for training.

/// Whose weights X has.
enum class Weights {
  kTrained,  ///< those of the loss that was trained, on z / |z|
  kEqn2,     ///< Eqn 2's on z as it is: the letter of Lemma 2. With real networks often saturated: all alpha_ii near 1,
             ///< X near 0
};

/// With which weights a loss drives rows apart and views together: minus its gradient flow along distances, row by row.
struct PairWeights {
  array::Array apart;            ///< (n, n): of |z_i - z_j|^2 / 2, j != i; 0 on the diagonal
  std::vector<double> together;  ///< (n): of |z_i - z'_i|^2 / 2
};

/// Throws InputError for a loss of which no weights of pairs are known: those that compare dimensions.
void require_pair_weights(const settings::LossSettings& loss);

/// Of Eqn 2, with alpha its softmax over the similarities of z_i with the other z_j and, at j = i, with z'_i: apart is
/// alpha_ij and together 1 - alpha_ii. Of the trained loss:
///   - infonce, ntxent: the same on z / |z| / sqrt(tau), whose distances are the similarities of the loss at its
///     temperature, so that the softmax is about as decided as the loss's
///   - spectral: s_ij / (n - 1) and 1, with s_ij = z_i . z_j / |z_i| |z_j| / tau: no softmax; negative where z_i and
///     z_j lie more than a right angle apart, which this loss brings nearer again
///   - align-uniform: w_u t n p_ij and w_a, with p the softmax of -t |z_i / |z_i| - z_j / |z_j||^2 over all i != j
/// Throws as require_pair_weights does, std::invalid_argument for other shapes.
PairWeights pair_weights(const array::Array& z_a, const array::Array& z_b, Weights weights,
                         const settings::LossSettings& loss);

/// dL / dz_a and dL / dz_b (n, P) of the loss that the settings name. Throws as pair_weights does.
std::pair<array::Array, array::Array> loss_gradients(const array::Array& z_a, const array::Array& z_b,
                                                     const settings::LossSettings& loss);

}  // namespace directclr::causes
