#pragma once

#include <ATen/core/Tensor.h>

namespace directclr::model {

/// W = exp(A - A^T), orthogonal for every A (D, D), floating, on any device; differentiable once. The exponential's own
/// gradient in torch is the exponential of a matrix twice as wide. Here A - A^T = S is skew-symmetric, and with M the
/// skew-symmetric part of W^T dL/dW (Rossmann, Lie Groups, 2002, section 1.2)
///
///     dL/dA = 2 sum_k ad^k(M) / (k + 1)!,   ad(M) = S M - M S
///
/// where a term costs one product, since M S is the transpose of S M.
at::Tensor orthogonal_from(const at::Tensor& a);

}  // namespace directclr::model
