#pragma once

#include "directclr/theory/matrix.h"

namespace directclr::theory {

// The products of small matrices with many samples, where an experiment spends what the loss leaves. Compiled for
// several processors with equal bits (core/dispatch.h); Eigen would use the oldest processor's instructions.

/// out = w x: (m, n) times (n, N).
void multiply(const Matrix& w, const Matrix& x, Matrix& out);

/// out = a x^T + b y^T: (m, N) times (N, n), twice. Sums run in a fixed order.
void outer_product(const Matrix& a, const Matrix& x, const Matrix& b, const Matrix& y, Matrix& out);

}  // namespace directclr::theory
