#include "convert.h"

#include <nanobind/stl/string.h>

#include <cstring>
#include <memory>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::python {

using array::Array;
using array::DType;

namespace {

DType type_of(const nb::dlpack::dtype& t) {
  using Code = nb::dlpack::dtype_code;
  const auto code = static_cast<Code>(t.code);
  if (t.lanes == 1) {
    if (code == Code::Bool) return DType::kBool;
    if (code == Code::Bfloat && t.bits == 16) return DType::kBFloat16;
    if (code == Code::Float && t.bits == 16) return DType::kFloat16;
    if (code == Code::Float && t.bits == 32) return DType::kFloat32;
    if (code == Code::Float && t.bits == 64) return DType::kFloat64;
    if (code == Code::Int && t.bits == 8) return DType::kInt8;
    if (code == Code::Int && t.bits == 16) return DType::kInt16;
    if (code == Code::Int && t.bits == 32) return DType::kInt32;
    if (code == Code::Int && t.bits == 64) return DType::kInt64;
    if (code == Code::UInt && t.bits == 8) return DType::kUint8;
    if (code == Code::UInt && t.bits == 16) return DType::kUint16;
    if (code == Code::UInt && t.bits == 32) return DType::kUint32;
    if (code == Code::UInt && t.bits == 64) return DType::kUint64;
  }
  throw InputError("array", format("elements of %d bits of a type that is not known here", int{t.bits}),
                   "convert it to float32");
}

}  // namespace

nb::dlpack::dtype numpy_type(DType type) {
  using Code = nb::dlpack::dtype_code;
  const auto bits = static_cast<uint8_t>(8 * array::size_of(type));
  Code code = Code::Float;
  switch (type) {
    case DType::kBool: code = Code::Bool; break;
    case DType::kInt8:
    case DType::kInt16:
    case DType::kInt32:
    case DType::kInt64: code = Code::Int; break;
    case DType::kUint8:
    case DType::kUint16:
    case DType::kUint32:
    case DType::kUint64:
    case DType::kBFloat16: code = Code::UInt; break;
    default: break;
  }
  return {static_cast<uint8_t>(code), bits, 1};
}

Array to_array(const AnyArray& x) {
  std::vector<int64_t> shape, strides;
  for (size_t i = 0; i < x.ndim(); ++i) {
    shape.push_back(static_cast<int64_t>(x.shape(i)));
    strides.push_back(x.stride(i));
  }
  return Array::view(const_cast<void*>(x.data()), type_of(x.dtype()), shape, strides,
                     std::make_shared<const AnyArray>(x));
}

nb::object to_numpy(const Array& x) {
  auto* copy = new Array(x.clone());
  const nb::capsule owner(copy, [](void* p) noexcept { delete static_cast<Array*>(p); });
  std::vector<size_t> shape;
  for (const int64_t size : copy->shape()) shape.push_back(static_cast<size_t>(size));
  return nb::cast(nb::ndarray<nb::numpy>(copy->mutable_raw(), shape.size(), shape.data(), owner, nullptr,
                                         numpy_type(copy->dtype())));
}

nb::object to_numpy(const std::vector<double>& values) {
  return to_numpy(Array::of(values, {static_cast<int64_t>(values.size())}));
}

void apply(const nb::dict& given, FieldList& fields) {
  for (const auto& [key, value] : given) {
    const auto name = nb::cast<std::string>(key);
    Field* field = fields.find(name);
    if (!field) {
      const std::string near = nearest(name, fields.names());
      throw InputError(name, "there is no such setting", near.empty() ? "" : "did you mean " + near + "?");
    }
    std::string text = nb::cast<std::string>(nb::str(value));
    const bool is_flag = nb::isinstance<nb::bool_>(value) || std::holds_alternative<bool*>(field->value);  // or NumPy's
    if (is_flag && (text == "True" || text == "False")) text = text == "True" ? "true" : "false";
    field->set(text, name);
  }
  fields.check();
}

std::string with_python_names(std::string_view text) {
  const auto in_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const bool begins = i == 0 || std::string_view(" ('\"").find(text[i - 1]) != std::string_view::npos;
    if (!begins || !text.substr(i).starts_with("--") || i + 2 >= text.size() || text[i + 2] == '-' ||
        !in_name(text[i + 2])) {
      result += text[i++];
      continue;
    }
    const bool first = i == 0;
    for (i += 2; i < text.size() && in_name(text[i]); ++i) result += text[i] == '-' ? '_' : text[i];
    if (!first) result += '=';
  }
  return result;
}

std::string help_of(const FieldList& fields) {
  std::string text;
  for (const auto& field : fields.fields()) {
    const std::string value = field.text();
    text += field.name + "=" + (value.empty() ? "\"\"" : value) + ": " + field.help + "\n";
  }
  return text;
}

Interruptible::Interruptible() {
  context_.stop = &stop_;
  context_.progress = [this](const Progress&) {
    const nb::gil_scoped_acquire lock;
    if (!stop_.load() && PyErr_CheckSignals() != 0) {
      PyErr_Clear();
      stop_.store(2);  // SIGINT
    }
  };
}

void Interruptible::check() const {
  if (!stop_.load()) return;
  PyErr_SetNone(PyExc_KeyboardInterrupt);
  throw nb::python_error();
}

}  // namespace directclr::python
