#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/io/protobuf.h"

namespace directclr::io {

/// A network in the terms of ONNX: operations, each with the names of what it reads and makes, and constants. Written
/// as operator set 17, intermediate representation 8.
class OnnxGraph {
 public:
  /// What an operation is told besides its inputs: whole numbers, a list or a single one, or a fraction.
  struct Attribute {
    Attribute(std::string attribute, std::vector<int64_t> numbers)
        : name(std::move(attribute)), list(std::move(numbers)) {}
    Attribute(std::string attribute, int64_t number) : name(std::move(attribute)), whole(number), kind(kWhole) {}
    Attribute(std::string attribute, float number) : name(std::move(attribute)), fraction(number), kind(kFraction) {}

    enum Kind { kList, kWhole, kFraction };
    std::string name;
    std::vector<int64_t> list;
    int64_t whole = 0;
    float fraction = 0;
    Kind kind = kList;
  };

  /// A float32 input or output of the network. An axis is a number, or a word when its length is free: "batch".
  void add_input(const std::string& name, const std::vector<std::string>& axes) { graph_.add(11, value(name, axes)); }
  void add_output(const std::string& name, const std::vector<std::string>& axes) { graph_.add(12, value(name, axes)); }

  /// A constant: float32 or int64. Throws std::invalid_argument for another type.
  void add_constant(const std::string& name, const array::Array& values);

  /// An operation that makes the value `output`, which is its own name, too. Returns `output`.
  std::string add(const std::string& operation, const std::vector<std::string>& inputs, const std::string& output,
                  const std::vector<Attribute>& attributes = {});

  /// Writes the file, atomically. `metadata`: whatever else is to be known of the network. Throws InputError when it
  /// cannot be written, or would be of 2 GiB or more, which no reader takes.
  void write(const std::filesystem::path& path, const std::string& name,
             const std::map<std::string, std::string>& metadata) const;

 private:
  static ProtobufMessage value(const std::string& name, const std::vector<std::string>& axes);

  ProtobufMessage graph_;
};

}  // namespace directclr::io
