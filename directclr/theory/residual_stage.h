#pragma once

#include <vector>

#include "directclr/core/philox.h"
#include "directclr/theory/network.h"

namespace directclr::theory {

// The last stage of a residual network, linear: z = P (I + B_L) .. (I + B_1) E x. E (D, n) is what comes before the
// stage, B_l (D, D) are its blocks, P (d0, D) is fixed: what the loss sees of r. It is a deep linear network whose
// layers start at the identity, so that its gradient flow is that of Network.

/// E, I + B_1, .., I + B_L, P as the layers of a network.
Network residual_stage(const Matrix& encoder, const std::vector<Matrix>& blocks, const Matrix& projector);

/// The first d0 of D channels (d0, D): DirectCLR.
Matrix sub_vector(Index d0, Index channels);

/// d0 random orthonormal combinations of D channels (d0, D): a fixed low-rank projector.
Matrix random_combinations(RandomStream& random, Index d0, Index channels);

/// The gradient of Eqn 2 (mean over the batch) in every layer, with that of P set to zero.
void stage_gradient(NetworkGradient& gradient, const Network& stage, const Views& views, std::vector<Matrix>& rates);

}  // namespace directclr::theory
