#include "directclr/array/dtype.h"

namespace directclr::array {

size_t size_of(DType type) {
  return with_type_of(type, [](auto like) { return sizeof like; });
}

const char* name_of(DType type) {
  switch (type) {
    case DType::kBool: return "bool";
    case DType::kUint8: return "uint8";
    case DType::kInt8: return "int8";
    case DType::kUint16: return "uint16";
    case DType::kInt16: return "int16";
    case DType::kUint32: return "uint32";
    case DType::kInt32: return "int32";
    case DType::kUint64: return "uint64";
    case DType::kInt64: return "int64";
    case DType::kFloat16: return "float16";
    case DType::kBFloat16: return "bfloat16";
    case DType::kFloat32: return "float32";
    case DType::kFloat64: break;
  }
  return "float64";
}

bool is_floating(DType type) {
  return type == DType::kFloat16 || type == DType::kBFloat16 || type == DType::kFloat32 || type == DType::kFloat64;
}

double unit_roundoff(DType type) {
  switch (type) {
    case DType::kBFloat16: return 0x1p-8;
    case DType::kFloat16: return 0x1p-11;
    case DType::kFloat32: return 0x1p-24;
    default: return 0x1p-53;
  }
}

}  // namespace directclr::array
