#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "directclr/array/array.h"

namespace directclr::tensor {

/// A tensor as an array, without its graph: a view of its memory where that is the processor's, else a copy. Throws
/// c10::Error for a type that arrays do not have.
array::Array array_of(const at::Tensor& tensor);

/// An array as a tensor on the processor: a view of its memory.
at::Tensor tensor_of(const array::Array& values);
/// The tensors' type of an array's.
c10::ScalarType scalar_type_of(array::DType type);

/// The numbers of a tensor, row by row.
std::vector<double> values_of(const at::Tensor& tensor);

}  // namespace directclr::tensor
