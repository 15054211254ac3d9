#pragma once

#include "directclr/theory/integrate.h"
#include "directclr/theory/network.h"

namespace directclr::theory {

/// The gradient flow of a network's packed weights on a fixed batch (mean of Eqn 2 over the batch); `views` must
/// outlive it.
Flow batch_flow(const Network& shape, const Views& views);

/// Two square layers under the gradient flow of Lemma 3.
struct TwoLayerState {
  Matrix w1;  // (n, n)
  Matrix w2;  // (n, n)
};

/// The state at time t of the flow on a fixed batch, X recomputed from it all the time.
TwoLayerState flow_on_batch(const TwoLayerState& start, const Views& views, double t);

/// The state at time t of dW1/dt = W2^T W2 W1 X, dW2/dt = W2 W1 X W1^T with X held fixed. Throws NumericalError when it
/// blows up before t, as it does for a definite X: a balanced pair obeys sigma' = lambda sigma^3.
TwoLayerState flow_with_fixed_contrast(const TwoLayerState& start, const Matrix& x, double t);

/// U1 S1 V1^T and U2 S2 V2^T with V2 = U1: layers that are aligned.
TwoLayerState aligned_layers(RandomStream& random, const Vector& s1, const Vector& s2);

}  // namespace directclr::theory
