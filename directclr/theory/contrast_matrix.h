#pragma once

#include "directclr/theory/contrastive_loss.h"
#include "directclr/theory/views.h"

namespace directclr::theory {

// The matrix X that drives a linear model under Eqn 2: dL/dW = G = -W X (paper, Eqn 5). It is a contrast: how far apart
// the data lie, less how far apart the augmentation throws the two views of one sample.

/// X exactly as the paper's Eqn 6 writes it, from alpha (N, N) and the views: (n, n).
Matrix contrast_matrix_of_eqn6(const Matrix& alpha, const Views& views);

/// Sigma0 = sum_ij alpha_ij (x_i - x_j)(x_i - x_j)^T (Lemma 2): (n, n), positive semi-definite.
Matrix weighted_data_covariance(const Matrix& alpha, const Matrix& x);

/// Sigma1 = sum_i (1 - alpha_ii)(x'_i - x_i)(x'_i - x_i)^T (Lemma 2): (n, n), positive semi-definite.
Matrix weighted_augmentation_covariance(const Matrix& alpha, const Views& views);

/// X = Sigma0 - Sigma1 (Eqn 7) with the weights alpha that the embeddings W x, W x' give under Eqn 2. w: (d, n).
Matrix contrast_matrix(const Matrix& w, const Views& views);

}  // namespace directclr::theory
