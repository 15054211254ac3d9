#include "directclr/theory/two_layer_flow.h"

#include "directclr/theory/descent.h"
#include "directclr/theory/random.h"

namespace directclr::theory {
namespace {

constexpr Tolerance kTight{1e-11, 1e-14};

TwoLayerState run(const TwoLayerState& start, const Flow& flow, double t) {
  std::vector<Matrix> layers = {start.w1, start.w2};
  unpack(integrate(flow, pack(layers), t, kTight), layers);
  return {layers[0], layers[1]};
}

}  // namespace

Flow batch_flow(const Network& shape, const Views& views) {
  return [network = shape, gradient = NetworkGradient({}), gradients = std::vector<Matrix>(), &views](
             const Vector& state, Vector& rate) mutable {
    unpack(state, network.weights);
    gradient(network, views, gradients);
    rate = -pack(gradients) / static_cast<double>(views.x.cols());
  };
}

TwoLayerState flow_on_batch(const TwoLayerState& start, const Views& views, double t) {
  return run(start, batch_flow({{start.w1, start.w2}, false}, views), t);
}

TwoLayerState flow_with_fixed_contrast(const TwoLayerState& start, const Matrix& x, double t) {
  std::vector<Matrix> w = {start.w1, start.w2};
  return run(
      start,
      [&](const Vector& state, Vector& rate) {
        unpack(state, w);
        const Matrix g = -w[1] * w[0] * x;
        rate = -pack({w[1].transpose() * g, g * w[0].transpose()});
      },
      t);
}

TwoLayerState aligned_layers(RandomStream& random, const Vector& s1, const Vector& s2) {
  const Index n = s1.size();
  const Matrix u1 = random_orthogonal(random, n);
  return {u1 * s1.asDiagonal() * random_orthogonal(random, n).transpose(),
          random_orthogonal(random, n) * s2.asDiagonal() * u1.transpose()};
}

}  // namespace directclr::theory
