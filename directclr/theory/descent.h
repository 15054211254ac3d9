#pragma once

#include <functional>

#include "directclr/core/progress.h"
#include "directclr/theory/network.h"

namespace directclr::theory {

/// Plain gradient descent on the mean of the loss over a batch: no momentum, no weight decay (paper, Section 4.1).
struct Descent {
  double learning_rate = 0.1;
  int64_t iterations = 4000;
  Index batch = 128;  ///< samples drawn anew each iteration; 0: all points
};

/// Called before iterations 0, every, 2 every, ... and after the last one, with the iterations done so far.
using Observer = std::function<void(int64_t iteration, const Network& network)>;

/// Trains the network in place. Throws NumericalError naming the iteration and the learning rate when the loss is not
/// finite, Interrupted when `context` asks to stop.
void descend(Network& network, const GaussianData& data, const LossForm& form, const Descent& settings, int64_t every,
             const Observer& observer, const Context& context);

/// The layers one after the other as one vector, and back: the state of a gradient flow.
Vector pack(const std::vector<Matrix>& weights);
void unpack(const Vector& state, std::vector<Matrix>& weights);

}  // namespace directclr::theory
