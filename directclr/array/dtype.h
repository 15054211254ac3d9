#pragma once

#include <cstddef>
#include <cstdint>

#include "directclr/array/half.h"

namespace directclr::array {

/// What the elements of an array are.
enum class DType : uint8_t {
  kBool,
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kUint64,
  kInt64,
  kFloat16,
  kBFloat16,
  kFloat32,
  kFloat64
};

/// Bytes of one element.
size_t size_of(DType type);
/// NumPy's and PyTorch's name: "float32", "bfloat16", "int64", "bool".
const char* name_of(DType type);
/// Whether it is one of the floating types.
bool is_floating(DType type);
/// Half a unit in the last place of 1: 2^-24 of float32. Of types without fractions that of float64, which they are
/// read as.
double unit_roundoff(DType type);

/// The DType of a C++ type.
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::kBool;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::kUint8;
};
template <>
struct DTypeOf<int8_t> {
  static constexpr DType value = DType::kInt8;
};
template <>
struct DTypeOf<uint16_t> {
  static constexpr DType value = DType::kUint16;
};
template <>
struct DTypeOf<int16_t> {
  static constexpr DType value = DType::kInt16;
};
template <>
struct DTypeOf<uint32_t> {
  static constexpr DType value = DType::kUint32;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::kInt32;
};
template <>
struct DTypeOf<uint64_t> {
  static constexpr DType value = DType::kUint64;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::kInt64;
};
template <>
struct DTypeOf<Float16> {
  static constexpr DType value = DType::kFloat16;
};
template <>
struct DTypeOf<BFloat16> {
  static constexpr DType value = DType::kBFloat16;
};
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::kFloat32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::kFloat64;
};

/// Calls `use` with a value of the C++ type that `type` stands for, which tells a generic lambda the type.
template <class Use>
decltype(auto) with_type_of(DType type, const Use& use) {
  switch (type) {
    case DType::kBool: return use(bool{});
    case DType::kUint8: return use(uint8_t{});
    case DType::kInt8: return use(int8_t{});
    case DType::kUint16: return use(uint16_t{});
    case DType::kInt16: return use(int16_t{});
    case DType::kUint32: return use(uint32_t{});
    case DType::kInt32: return use(int32_t{});
    case DType::kUint64: return use(uint64_t{});
    case DType::kInt64: return use(int64_t{});
    case DType::kFloat16: return use(Float16{});
    case DType::kBFloat16: return use(BFloat16{});
    case DType::kFloat32: return use(float{});
    case DType::kFloat64: break;
  }
  return use(double{});
}

}  // namespace directclr::array
