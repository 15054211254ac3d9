#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "directclr/array/dtype.h"
#include "directclr/io/array_span.h"

namespace directclr::io {

/// A type of elements, as storages ("torch.FloatStorage") and types of their own ("torch.float32") name it.
struct ElementType {
  std::string_view storage, name;
  array::DType type;
  ArraySpan::Coding coding = ArraySpan::Coding::kPlain;
};
/// The type "torch.float32"; null: arrays have no such type.
const ElementType* element_type(std::string_view name);
/// The type of "torch.FloatStorage"; null: arrays have no such type.
const ElementType* element_type_of_storage(std::string_view storage);
/// "complex64" for "torch.ComplexFloatStorage" and "torch.complex64": what people call a type that arrays do not have.
std::string name_of_type(std::string_view name);

/// What objects of a class or function are to a reader of tensors.
enum class Role : uint8_t {
  kTensor,      ///< (storage, offset, shape, strides, ..)
  kTyped,       ///< (storage, offset, shape, strides, requires_grad, hooks, type, ..)
  kWrapped,     ///< (tensor, ..)
  kSubclass,    ///< (function, class, its arguments, ..)
  kDictionary,  ///< with keys
  kSequence,    ///< (items)
  kPlain        ///< holds no tensors
};
/// Of "torch._utils._rebuild_tensor_v2" and its like; nothing for other names.
std::optional<Role> role_of(std::string_view name);

/// Tensors that are not arrays of numbers, what people call them, and how to make arrays of them.
struct OtherTensor {
  std::string_view name, what, hint;
};
/// By the function that makes them; null for other names.
const OtherTensor* other_tensor(std::string_view name);

}  // namespace directclr::io
