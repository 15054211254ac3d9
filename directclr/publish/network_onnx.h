#pragma once

#include <cstdint>
#include <string>

#include "directclr/core/table.h"
#include "directclr/io/onnx.h"
#include "directclr/io/safetensors.h"
#include "directclr/publish/run_weights.h"

namespace directclr::publish {

/// Writes parts of a network into a graph of ONNX, each with its weights, which keep their names. A value that is
/// computed is named after the layer that makes it.
class NetworkOnnx {
 public:
  /// `where`: the run, for messages; `prefix`: before the names of weights and values.
  NetworkOnnx(io::OnnxGraph& graph, const io::ArrayFile& weights, std::string where, std::string prefix = {})
      : graph_(graph), weights_(weights), where_(std::move(where)), prefix_(std::move(prefix)) {}

  /// Whether there are weights of that name.
  bool has(const std::string& name) const { return weights_.find(name) != nullptr; }
  /// Their values. Throws InputError when there are none.
  const array::Array& values(const std::string& name) const;
  /// Makes them a constant of the graph, and gives its name. `shape`: what they must have; empty: whatever. Throws
  /// InputError when there are none, and for another shape.
  std::string constant(const std::string& name, const std::vector<int64_t>& shape = {});
  /// A constant that is no weight.
  std::string constant(const std::string& name, const array::Array& values);

  // Each takes and gives the name of a value.
  std::string convolution(const std::string& x, const std::string& name, int64_t in, int64_t out, int64_t kernel,
                          int64_t stride);
  std::string batch_norm(const std::string& x, const std::string& name, int64_t channels);
  /// x W^T + b, with `NAME.bias` where there is one.
  std::string linear(const std::string& x, const std::string& name);
  std::string node(const std::string& operation, const std::vector<std::string>& inputs, const std::string& name,
                   const std::vector<io::OnnxGraph::Attribute>& attributes = {}) {
    return graph_.add(operation, inputs, prefix_ + name, attributes);
  }

 private:
  io::OnnxGraph& graph_;
  const io::ArrayFile& weights_;
  std::string where_, prefix_;
};

/// The encoder in evaluation: value `images` (N, 3, H, W) in, `representation` (N, D) out. Throws InputError when
/// weights are missing or have other shapes than the settings say.
void add_encoder(NetworkOnnx& network, const settings::EncoderSettings& encoder, int64_t image_size);

/// How a projector becomes operations of ONNX: `r` is the value (N, D) that it reads; gives that which it makes.
struct ProjectorOnnx {
  std::string name;  ///< as in settings::projectors()
  std::string (*add)(NetworkOnnx& network, const std::string& r, const settings::ProjectorSettings& settings,
                     int64_t representation);
};
/// One for every projector.
const Table<ProjectorOnnx>& projector_onnx();

/// Writes a run's encoder, with `projector` followed by its projector, whose output is `embedding`: FILE.onnx with a
/// free number of images of free height and width. Throws InputError.
void write_onnx(const RunWeights& weights, bool projector, const std::filesystem::path& out);

}  // namespace directclr::publish
