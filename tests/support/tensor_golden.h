#pragma once

#include "directclr/tensor/arrays.h"
#include "tests/support/golden.h"

namespace directclr::test {

/// A golden file whose arrays are given as tensors.
struct TensorGolden : Golden {
  using Golden::Golden;
  at::Tensor operator[](const std::string& name) const { return tensor::tensor_of(Golden::operator[](name)); }
};

}  // namespace directclr::test
