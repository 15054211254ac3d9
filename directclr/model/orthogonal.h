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
///
/// How many terms and halvings of S a result needs depends on the norm of S. On processors the host looks; elsewhere it
/// would wait for the device by that, so it orders as much as any norm up to 512 needs, and the device drops what is
/// too much; beyond, W is not a number. Both ways give the same to rounding, each the same bits every time.
at::Tensor orthogonal_from(const at::Tensor& a);
/// The same with the way chosen: whether the host looks at the norm.
at::Tensor orthogonal_from(const at::Tensor& a, bool host_looks);

}  // namespace directclr::model
