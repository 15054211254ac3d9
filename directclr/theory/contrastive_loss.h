#pragma once

#include <vector>

#include "directclr/theory/matrix.h"

namespace directclr::theory {

/// s(z, y): minus half the squared distance (the paper's Eqn 2), or the inner product (its public toy code).
enum class Similarity { kDistance, kDot };
/// Whom an embedding z_i is pushed away from: the other z_j (Eqn 2), or the other z'_j (the public toy code).
enum class Negatives { kSameBranch, kOtherBranch };

/// A contrastive loss on embeddings that are not normalised:
///   L = - sum_i log [ exp(s(z_i, z'_i) / tau) / ( exp(s(z_i, z'_i) / tau) + sum_{j != i} exp(s(z_i, y_j) / tau) ) ],
/// y = z for negatives of the same branch, y = z' for those of the other. The defaults are the paper's Eqn 2.
struct LossForm {
  Similarity similarity = Similarity::kDistance;
  Negatives negatives = Negatives::kSameBranch;
  double temperature = 1;
};

/// Value and gradients of the loss, the hot loop of every experiment. Keeps its scratch memory between calls.
/// Cost: 6 d N^2 multiply-adds and N^2 exponentials; one thread; the same bits on every x86-64 processor.
class ContrastiveLoss {
 public:
  /// Requires: temperature > 0. Throws InputError.
  explicit ContrastiveLoss(const LossForm& form);

  /// The loss, summed over the samples, and its gradients.
  /// Requires: z and z_prime (d, N), N >= 2; throws InputError. Not finite in, not finite out.
  /// Returns:  L; grad_z and grad_z_prime become (d, N).
  double operator()(const Matrix& z, const Matrix& z_prime, Matrix& grad_z, Matrix& grad_z_prime);

 private:
  LossForm form_;
  std::vector<double> scratch_;
};

/// alpha_ij of Section 4.2 (N, N): row i is the softmax of s(z_i, y_j) / tau over j, with s(z_i, z'_i) at j = i. Rows
/// sum to one. Requires what ContrastiveLoss requires.
Matrix softmax_weights(const LossForm& form, const Matrix& z, const Matrix& z_prime);

}  // namespace directclr::theory
