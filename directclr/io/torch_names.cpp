#include "directclr/io/torch_names.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace directclr::io {
namespace {

using array::DType;
using Coding = ArraySpan::Coding;

constexpr ElementType kElementTypes[] = {{"torch.FloatStorage", "torch.float32", DType::kFloat32},
                                         {"torch.DoubleStorage", "torch.float64", DType::kFloat64},
                                         {"torch.HalfStorage", "torch.float16", DType::kFloat16},
                                         {"torch.BFloat16Storage", "torch.bfloat16", DType::kBFloat16},
                                         {"torch.LongStorage", "torch.int64", DType::kInt64},
                                         {"torch.IntStorage", "torch.int32", DType::kInt32},
                                         {"torch.ShortStorage", "torch.int16", DType::kInt16},
                                         {"torch.CharStorage", "torch.int8", DType::kInt8},
                                         {"torch.ByteStorage", "torch.uint8", DType::kUint8},
                                         {"torch.BoolStorage", "torch.bool", DType::kBool},
                                         {"", "torch.uint16", DType::kUint16},
                                         {"", "torch.uint32", DType::kUint32},
                                         {"", "torch.uint64", DType::kUint64},
                                         {"", "torch.float8_e4m3fn", DType::kFloat16, Coding::kFloat8E4M3},
                                         {"", "torch.float8_e5m2", DType::kFloat16, Coding::kFloat8E5M2}};

struct KnownName {
  std::string_view name;
  Role role;
};
constexpr KnownName kKnownNames[] = {{"torch._utils._rebuild_tensor", Role::kTensor},
                                     {"torch._utils._rebuild_tensor_v2", Role::kTensor},
                                     {"torch._utils._rebuild_tensor_v3", Role::kTyped},
                                     {"torch._utils._rebuild_parameter", Role::kWrapped},
                                     {"torch._utils._rebuild_parameter_with_state", Role::kWrapped},
                                     {"torch._utils._rebuild_device_tensor_from_cpu_tensor", Role::kWrapped},
                                     {"torch._tensor._rebuild_from_type_v2", Role::kSubclass},
                                     {"collections.OrderedDict", Role::kDictionary},
                                     {"collections.defaultdict", Role::kDictionary},
                                     {"collections.Counter", Role::kDictionary},
                                     {"builtins.dict", Role::kDictionary},
                                     {"builtins.list", Role::kSequence},
                                     {"builtins.tuple", Role::kSequence},
                                     {"builtins.set", Role::kSequence},
                                     {"builtins.frozenset", Role::kSequence},
                                     {"__builtin__.set", Role::kSequence},
                                     {"__builtin__.frozenset", Role::kSequence},
                                     {"collections.deque", Role::kSequence},
                                     {"torch.Size", Role::kSequence},
                                     {"torch.device", Role::kPlain},
                                     {"torch.serialization._get_layout", Role::kPlain},
                                     {"builtins.bytearray", Role::kPlain},
                                     {"__builtin__.bytearray", Role::kPlain},
                                     {"__builtin__.bytes", Role::kPlain},
                                     {"builtins.complex", Role::kPlain},
                                     {"__builtin__.complex", Role::kPlain},
                                     {"_codecs.encode", Role::kPlain},
                                     {"numpy.core.multiarray.scalar", Role::kPlain},
                                     {"numpy._core.multiarray.scalar", Role::kPlain},
                                     {"numpy.dtype", Role::kPlain}};

constexpr OtherTensor kOtherTensors[] = {
    {"torch._utils._rebuild_qtensor", "a quantized tensor", "save it as numbers: tensor.dequantize()"},
    {"torch._utils._rebuild_sparse_tensor", "a sparse tensor", "save it whole: tensor.to_dense()"},
    {"torch._utils._rebuild_sparse_csr_tensor", "a sparse tensor", "save it whole: tensor.to_dense()"},
    {"torch._utils._rebuild_nested_tensor", "a nested tensor", "save rows of one length: tensor.to_padded_tensor(0.0)"},
    {"torch._utils._rebuild_meta_tensor_no_storage", "a tensor without data", ""},
    {"numpy.core.multiarray._reconstruct", "an array of NumPy in a pickle", "save tensors: torch.from_numpy(array)"},
    {"numpy._core.multiarray._reconstruct", "an array of NumPy in a pickle", "save tensors: torch.from_numpy(array)"}};

template <class Entry, size_t n>
const Entry* entry_named(const Entry (&table)[n], std::string_view name) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const Entry& e) { return e.name == name; });
  return found == std::end(table) ? nullptr : found;
}

}  // namespace

const ElementType* element_type(std::string_view name) { return entry_named(kElementTypes, name); }

const ElementType* element_type_of_storage(std::string_view storage) {
  const auto* found = std::ranges::find(kElementTypes, storage, &ElementType::storage);
  return found == std::end(kElementTypes) || storage.empty() ? nullptr : found;
}

std::string name_of_type(std::string_view name) {
  static constexpr std::pair<std::string_view, const char*> kStorages[] = {
      {"torch.ComplexHalfStorage", "complex32"},
      {"torch.ComplexFloatStorage", "complex64"},
      {"torch.ComplexDoubleStorage", "complex128"}};
  for (const auto& [storage, type] : kStorages) {
    if (name == storage) return type;
  }
  if (name.starts_with("torch.")) name.remove_prefix(6);
  return std::string(name.substr(0, 100));
}

std::optional<Role> role_of(std::string_view name) {
  const auto* known = entry_named(kKnownNames, name);
  return known ? std::optional(known->role) : std::nullopt;
}

const OtherTensor* other_tensor(std::string_view name) { return entry_named(kOtherTensors, name); }

}  // namespace directclr::io
