#pragma once

#include <ATen/core/Tensor.h>

namespace directclr::tensor {

/// a b^T: a (M, K), b (N, K) -> (M, N), of one type and device. Without a graph where autograd is off, as it is in the
/// functions that call it. Float32 on a processor goes by oneDNN: the BLAS of libtorch's wheel is slower, on AMD
/// processors by up to a half. Everything else is at::mm.
at::Tensor product_with_transposed(const at::Tensor& a, const at::Tensor& b);

}  // namespace directclr::tensor
