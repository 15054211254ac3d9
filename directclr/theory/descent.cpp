#include "directclr/theory/descent.h"

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::theory {

void descend(Network& network, const GaussianData& data, const LossForm& form, const Descent& settings, int64_t every,
             const Observer& observer, const Context& context) {
  if (settings.iterations < 1) throw InputError("iterations", "must be at least 1");
  if (!(settings.learning_rate > 0)) throw InputError("learning rate", "must be above 0");
  NetworkGradient gradient(form);
  std::vector<Matrix> gradients;
  Views views;
  for (int64_t iteration = 0; iteration < settings.iterations; ++iteration) {
    if (iteration % every == 0) observer(iteration, network);
    data.sample(settings.batch, static_cast<uint32_t>(iteration), views);
    const double loss = gradient(network, views, gradients);
    if (!std::isfinite(loss)) {
      throw NumericalError(format("the loss is not finite at iteration %lld with learning rate %s (lower it)",
                                  static_cast<long long>(iteration), format_number(settings.learning_rate).c_str()));
    }
    const double rate = settings.learning_rate / static_cast<double>(views.x.cols());
    for (size_t l = 0; l < gradients.size(); ++l) network.weights[l] -= rate * gradients[l];
    if (context.stop_requested()) throw Interrupted("stopped");
  }
  observer(settings.iterations, network);
}

Vector pack(const std::vector<Matrix>& weights) {
  Index size = 0;
  for (const auto& w : weights) size += w.size();
  Vector state(size);
  Index at = 0;
  for (const auto& w : weights) {
    state.segment(at, w.size()) = Eigen::Map<const Vector>(w.data(), w.size());
    at += w.size();
  }
  return state;
}

void unpack(const Vector& state, std::vector<Matrix>& weights) {
  Index at = 0;
  for (auto& w : weights) {
    Eigen::Map<Vector>(w.data(), w.size()) = state.segment(at, w.size());
    at += w.size();
  }
}

}  // namespace directclr::theory
