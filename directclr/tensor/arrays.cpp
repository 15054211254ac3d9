#include "directclr/tensor/arrays.h"

#include <ATen/ops/from_blob.h>

#include <memory>
#include <utility>

namespace directclr::tensor {
namespace {

using array::Array;
using array::DType;

constexpr std::pair<DType, c10::ScalarType> kTypes[] = {
    {DType::kBool, at::kBool},     {DType::kUint8, at::kByte},        {DType::kInt8, at::kChar},
    {DType::kUint16, at::kUInt16}, {DType::kInt16, at::kShort},       {DType::kUint32, at::kUInt32},
    {DType::kInt32, at::kInt},     {DType::kUint64, at::kUInt64},     {DType::kInt64, at::kLong},
    {DType::kFloat16, at::kHalf},  {DType::kBFloat16, at::kBFloat16}, {DType::kFloat32, at::kFloat},
    {DType::kFloat64, at::kDouble}};

DType dtype_of(c10::ScalarType type) {
  for (const auto& [own, torch_type] : kTypes) {
    if (torch_type == type) return own;
  }
  TORCH_CHECK(false, "[array_of] expected a type that arrays have, got ", type);
}

}  // namespace

c10::ScalarType scalar_type_of(DType type) {
  for (const auto& [own, torch_type] : kTypes) {
    if (own == type) return torch_type;
  }
  TORCH_INTERNAL_ASSERT(false, "a type without a counterpart");
}

Array array_of(const at::Tensor& tensor) {
  const auto owner = std::make_shared<at::Tensor>(tensor.detach().cpu());
  return Array::view(owner->data_ptr(), dtype_of(owner->scalar_type()), owner->sizes().vec(), owner->strides().vec(),
                     owner);
}

at::Tensor tensor_of(const Array& values) {
  auto* const owner = new Array(values);
  return at::from_blob(
      owner->mutable_raw(), owner->shape(), owner->strides(), [owner](void*) { delete owner; },
      at::TensorOptions().dtype(scalar_type_of(values.dtype())));
}

std::vector<double> values_of(const at::Tensor& tensor) { return array::to_doubles(array_of(tensor)); }

}  // namespace directclr::tensor
