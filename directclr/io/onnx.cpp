#include "directclr/io/onnx.h"

#include <stdexcept>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"
#include "directclr/core/version.h"

namespace directclr::io {
namespace {

// Field numbers and values are those of onnx.proto3.
constexpr int kFloat = 1;
constexpr int kInt64 = 7;
constexpr int64_t kIntermediateRepresentation = 8;
constexpr int64_t kOperatorSet = 17;
constexpr uint64_t kLargest = (uint64_t{1} << 31) - 1;  // of a protocol buffer

}  // namespace

ProtobufMessage OnnxGraph::value(const std::string& name, const std::vector<std::string>& axes) {
  ProtobufMessage shape;
  for (const auto& axis : axes) {
    ProtobufMessage dimension;
    if (int64_t length = 0; parse_int(axis, length)) {
      dimension.add_integer(1, length);  // Dimension.dim_value
    } else {
      dimension.add(2, axis);  // Dimension.dim_param
    }
    shape.add(1, dimension);  // TensorShapeProto.dim
  }
  ProtobufMessage tensor;
  tensor.add_integer(1, kFloat);  // TypeProto.Tensor.elem_type
  tensor.add(2, shape);           // TypeProto.Tensor.shape
  ProtobufMessage type;
  type.add(1, tensor);  // TypeProto.tensor_type
  ProtobufMessage info;
  info.add(1, name);  // ValueInfoProto.name
  info.add(2, type);  // ValueInfoProto.type
  return info;
}

void OnnxGraph::add_constant(const std::string& name, const array::Array& values) {
  const array::DType type = values.dtype();
  if (type != array::DType::kFloat32 && type != array::DType::kInt64) {
    throw std::invalid_argument("[OnnxGraph] a constant is float32 or int64, not " + values.describe());
  }
  const array::Array rows = values.contiguous();
  ProtobufMessage tensor;
  for (const int64_t length : rows.shape()) tensor.add_integer(1, length);               // TensorProto.dims
  tensor.add_integer(2, type == array::DType::kFloat32 ? kFloat : kInt64);               // TensorProto.data_type
  tensor.add(8, name);                                                                   // TensorProto.name
  tensor.add(9, std::string_view(static_cast<const char*>(rows.raw()), rows.nbytes()));  // TensorProto.raw_data
  graph_.add(5, tensor);                                                                 // GraphProto.initializer
}

std::string OnnxGraph::add(const std::string& operation, const std::vector<std::string>& inputs,
                           const std::string& output, const std::vector<Attribute>& attributes) {
  ProtobufMessage node;
  for (const auto& input : inputs) node.add(1, input);  // NodeProto.input
  node.add(2, output);                                  // NodeProto.output
  node.add(3, output);                                  // NodeProto.name
  node.add(4, operation);                               // NodeProto.op_type
  for (const auto& attribute : attributes) {
    constexpr int kTypes[] = {7, 2, 1};  // of Attribute::Kind: INTS, INT, FLOAT
    ProtobufMessage message;
    message.add(1, attribute.name);  // AttributeProto.name
    switch (attribute.kind) {
      case Attribute::kList:
        for (const int64_t number : attribute.list) message.add_integer(8, number);  // AttributeProto.ints
        break;
      case Attribute::kWhole: message.add_integer(3, attribute.whole); break;      // AttributeProto.i
      case Attribute::kFraction: message.add_float(2, attribute.fraction); break;  // AttributeProto.f
    }
    message.add_integer(20, kTypes[attribute.kind]);  // AttributeProto.type
    node.add(5, message);                             // NodeProto.attribute
  }
  graph_.add(1, node);  // GraphProto.node
  return output;
}

void OnnxGraph::write(const std::filesystem::path& path, const std::string& name,
                      const std::map<std::string, std::string>& metadata) const {
  ProtobufMessage graph = graph_;
  graph.add(2, name);  // GraphProto.name
  ProtobufMessage operators;
  operators.add_integer(2, kOperatorSet);  // OperatorSetIdProto.version
  ProtobufMessage model;
  model.add_integer(1, kIntermediateRepresentation);  // ModelProto.ir_version
  model.add(2, "directclr");                          // ModelProto.producer_name
  model.add(3, kVersion);                             // ModelProto.producer_version
  model.add(7, graph);                                // ModelProto.graph
  model.add(8, operators);                            // ModelProto.opset_import
  for (const auto& [key, text] : metadata) {
    ProtobufMessage entry;
    entry.add(1, key);     // StringStringEntryProto.key
    entry.add(2, text);    // StringStringEntryProto.value
    model.add(14, entry);  // ModelProto.metadata_props
  }
  if (model.bytes().size() > kLargest) {
    throw InputError(path.string(),
                     format("would be of %zu bytes; readers of ONNX take less than 2 GiB", model.bytes().size()),
                     "--format safetensors has no such limit");
  }
  write_file(path, model.bytes());
}

}  // namespace directclr::io
