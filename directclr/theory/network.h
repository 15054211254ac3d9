#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/theory/contrastive_loss.h"
#include "directclr/theory/views.h"

namespace directclr::theory {

/// How weights begin. "gaussian": independent normal entries of deviation scale / sqrt(columns). "spectrum": U
/// diag(scale e^(-decay i)) V^T with random orthogonal U, V, i = 0, 1, ... (the paper's Figures 5 and 6: no two values
/// equal).
struct InitialWeights {
  std::string kind = "gaussian";
  double scale = 1;
  double decay = 0.35;
};

/// L layers without bias: z = W_L ... W_2 W_1 x, or with a ReLU between each layer and the next (paper, Figures 4, 11).
struct Network {
  std::vector<Matrix> weights;  // W_1 first; each (out, in)
  bool relu = false;

  /// z (d, N) of x (n, N).
  Matrix forward(const Matrix& x) const;
  /// W_L ... W_1 (d, n). Means the network only without ReLU.
  Matrix product() const;
};

/// A network whose layers are widths[l + 1] x widths[l]. Throws InputError for fewer than two widths, a width below 1
/// or an unknown kind.
Network make_network(const std::vector<Index>& widths, bool relu, const InitialWeights& initial, uint64_t seed);

/// The closed-form gradient of a loss in every layer's weights (Lemma 1; Eqn 8 for two layers and its like for L).
class NetworkGradient {
 public:
  explicit NetworkGradient(const LossForm& form) : loss_(form) {}

  /// The loss (a sum over the samples); `gradients` gets the shape of network.weights. Throws InputError for shapes
  /// that do not fit.
  double operator()(const Network& network, const Views& views, std::vector<Matrix>& gradients);

  /// G = sum_i (g_zi x_i^T + g_z'i x'_i^T) (d, n) of Lemma 1, of the last call on a network without ReLU.
  const Matrix& end_to_end() const { return end_to_end_; }

 private:
  double linear(const Network& network, const Views& views, std::vector<Matrix>& gradients);
  double with_relu(const Network& network, const Views& views, std::vector<Matrix>& gradients);

  ContrastiveLoss loss_;
  Matrix z_, z_prime_, grad_z_, grad_z_prime_, end_to_end_;
};

}  // namespace directclr::theory
