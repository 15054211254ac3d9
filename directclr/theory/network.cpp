#include "directclr/theory/network.h"

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/theory/products.h"
#include "directclr/theory/random.h"

namespace directclr::theory {

Matrix Network::forward(const Matrix& x) const {
  Matrix h = x;
  Matrix next;
  for (size_t l = 0; l < weights.size(); ++l) {
    multiply(weights[l], h, next);
    if (relu && l + 1 < weights.size()) next = next.cwiseMax(0);
    h.swap(next);
  }
  return h;
}

Matrix Network::product() const {
  Matrix result = weights[0];
  for (size_t l = 1; l < weights.size(); ++l) result = weights[l] * result;
  return result;
}

Network make_network(const std::vector<Index>& widths, bool relu, const InitialWeights& initial, uint64_t seed) {
  if (widths.size() < 2) throw InputError("widths", "a network has at least one layer: two widths");
  for (const Index width : widths) {
    if (width < 1) throw InputError("width", format("must be at least 1, not %lld", static_cast<long long>(width)));
  }
  if (initial.kind != "gaussian" && initial.kind != "spectrum") {
    throw InputError("initial", "'" + initial.kind + "' is not gaussian or spectrum");
  }
  Network network;
  network.relu = relu;
  for (size_t l = 0; l + 1 < widths.size(); ++l) {
    RandomStream random(seed, Purpose::kTheoryWeights, static_cast<uint32_t>(l));
    const Index rows = widths[l + 1];
    const Index columns = widths[l];
    if (initial.kind == "gaussian") {
      network.weights.push_back(normal(random, rows, columns) *
                                (initial.scale / std::sqrt(static_cast<double>(columns))));
      continue;
    }
    const Matrix u = random_orthogonal(random, rows);
    const Matrix v = random_orthogonal(random, columns);
    Matrix s = Matrix::Zero(rows, columns);
    for (Index i = 0; i < std::min(rows, columns); ++i) {
      s(i, i) = initial.scale * std::exp(-initial.decay * static_cast<double>(i));
    }
    network.weights.push_back(u * s * v.transpose());
  }
  return network;
}

double NetworkGradient::operator()(const Network& network, const Views& views, std::vector<Matrix>& gradients) {
  if (network.weights.empty() || network.weights[0].cols() != views.x.rows()) {
    throw InputError(
        "network",
        format("the data have %lld dimensions, the first layer takes %lld", static_cast<long long>(views.x.rows()),
               static_cast<long long>(network.weights.empty() ? 0 : network.weights[0].cols())));
  }
  gradients.resize(network.weights.size());
  return network.relu && network.weights.size() > 1 ? with_relu(network, views, gradients)
                                                    : linear(network, views, gradients);
}

double NetworkGradient::linear(const Network& network, const Views& views, std::vector<Matrix>& gradients) {
  const auto& weights = network.weights;
  const size_t layers = weights.size();
  // before[l] = W_l ... W_1: what layer l + 1 sees of x.
  std::vector<Matrix> before(layers);
  before[0] = weights[0];
  for (size_t l = 1; l < layers; ++l) before[l].noalias() = weights[l] * before[l - 1];
  multiply(before.back(), views.x, z_);
  multiply(before.back(), views.x_prime, z_prime_);
  const double loss = loss_(z_, z_prime_, grad_z_, grad_z_prime_);
  outer_product(grad_z_, views.x, grad_z_prime_, views.x_prime, end_to_end_);
  // Eqn 8 for any depth: dL/dW_l = (W_L ... W_{l+1})^T G (W_{l-1} ... W_1)^T.
  Matrix above = end_to_end_;
  for (size_t l = layers; l-- > 0;) {
    if (l > 0) {
      gradients[l].noalias() = above * before[l - 1].transpose();
      above = weights[l].transpose() * above;
    } else {
      gradients[l] = above;
    }
  }
  return loss;
}

double NetworkGradient::with_relu(const Network& network, const Views& views, std::vector<Matrix>& gradients) {
  const auto& weights = network.weights;
  const size_t layers = weights.size();
  // inputs[branch][l]: what layer l reads, (in, N).
  std::vector<Matrix> inputs[2];
  for (int branch = 0; branch < 2; ++branch) {
    auto& in = inputs[branch];
    in.resize(layers);
    in[0] = branch == 0 ? views.x : views.x_prime;
    for (size_t l = 1; l < layers; ++l) {
      multiply(weights[l - 1], in[l - 1], in[l]);
      in[l] = in[l].cwiseMax(0);
    }
  }
  multiply(weights.back(), inputs[0].back(), z_);
  multiply(weights.back(), inputs[1].back(), z_prime_);
  const double loss = loss_(z_, z_prime_, grad_z_, grad_z_prime_);
  Matrix grad[2] = {grad_z_, grad_z_prime_};
  Matrix below;
  for (size_t l = layers; l-- > 0;) {
    outer_product(grad[0], inputs[0][l], grad[1], inputs[1][l], gradients[l]);
    if (l == 0) break;
    for (int branch = 0; branch < 2; ++branch) {
      multiply(weights[l].transpose(), grad[branch], below);
      grad[branch] = (inputs[branch][l].array() > 0).select(below, 0.0);
    }
  }
  return loss;
}

}  // namespace directclr::theory
