#pragma once

#include "directclr/core/philox.h"
#include "directclr/theory/matrix.h"

namespace directclr::theory {

/// Independent standard normal numbers (rows, columns), by Box and Muller's transform of 32-bit uniforms (so none lies
/// farther out than 6.7). Which number goes where in a run of 32 is the kernels' business, and fixed.
Matrix normal(RandomStream& random, Index rows, Index columns);

/// The same into a matrix of the right shape, without allocating.
void fill_normal(RandomStream& random, Matrix& matrix);

/// A random orthogonal matrix (size, size), Haar distributed: Q of the QR decomposition of a normal matrix, with the
/// signs that make R's diagonal positive.
Matrix random_orthogonal(RandomStream& random, Index size);

}  // namespace directclr::theory
