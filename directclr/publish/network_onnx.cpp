#include "directclr/publish/network_onnx.h"

#include "directclr/core/error.h"
#include "directclr/core/text.h"
#include "directclr/io/array_span.h"
#include "directclr/settings/encoders.h"
#include "directclr/settings/projectors.h"

namespace directclr::publish {
namespace {

constexpr float kEpsilon = 1e-5F;  // of every batch normalisation (model/batch_norm.cpp)

std::string numbers_text(const std::array<double, 3>& values) {
  return format_number(values[0]) + "," + format_number(values[1]) + "," + format_number(values[2]);
}

// A residual block, with the ReLU at its end where `relu`, and the number of channels that it makes.
std::string add_block(NetworkOnnx& network, const std::string& x, const std::string& name, bool bottleneck, int64_t in,
                      int64_t width, int64_t stride, bool relu) {
  struct Layer {
    int64_t out, kernel, stride;
  };
  const std::vector<Layer> layers = bottleneck
                                        ? std::vector<Layer>{{width, 1, 1}, {width, 3, stride}, {4 * width, 1, 1}}
                                        : std::vector<Layer>{{width, 3, stride}, {width, 3, 1}};
  std::string h = x;
  int64_t channels = in;
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto& [out, kernel, step] = layers[i];
    const std::string number = std::to_string(i + 1);
    h = network.convolution(h, name + ".conv" + number, channels, out, kernel, step);
    h = network.batch_norm(h, name + ".bn" + number, out);
    if (i + 1 < layers.size()) h = network.node("Relu", {h}, name + ".relu" + number);
    channels = out;
  }
  std::string shortcut = x;
  if (stride != 1 || in != channels) {
    shortcut = network.convolution(x, name + ".downsample.0", in, channels, 1, stride);
    shortcut = network.batch_norm(shortcut, name + ".downsample.1", channels);
  }
  const std::string sum = network.node("Add", {h, shortcut}, relu ? name + ".sum" : name);
  return relu ? network.node("Relu", {sum}, name) : sum;
}

}  // namespace

const array::Array& NetworkOnnx::values(const std::string& name) const {
  const array::Array* found = weights_.find(name);
  if (!found) throw InputError(where_, "has no tensor '" + name + "'", "weights of another architecture?");
  return *found;
}

std::string NetworkOnnx::constant(const std::string& name, const std::vector<int64_t>& shape) {
  const array::Array& weight = values(name);
  if (!shape.empty() && weight.shape() != shape) {
    throw InputError(where_, "tensor '" + name + "' has another shape: " + io::shape_text(weight.shape()) +
                                 ", the settings say " + io::shape_text(shape));
  }
  return constant(name, weight);
}

std::string NetworkOnnx::constant(const std::string& name, const array::Array& values) {
  graph_.add_constant(prefix_ + name, values);
  return prefix_ + name;
}

std::string NetworkOnnx::convolution(const std::string& x, const std::string& name, int64_t in, int64_t out,
                                     int64_t kernel, int64_t stride) {
  const int64_t pad = kernel / 2;
  return node("Conv", {x, constant(name + ".weight", {out, in, kernel, kernel})}, name,
              {{"kernel_shape", std::vector{kernel, kernel}},
               {"strides", std::vector{stride, stride}},
               {"pads", std::vector{pad, pad, pad, pad}}});
}

std::string NetworkOnnx::batch_norm(const std::string& x, const std::string& name, int64_t channels) {
  std::vector<std::string> inputs = {x};
  for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"}) {
    inputs.push_back(constant(name + part, {channels}));
  }
  return node("BatchNormalization", inputs, name, {{"epsilon", kEpsilon}});
}

std::string NetworkOnnx::linear(const std::string& x, const std::string& name) {
  std::vector<std::string> inputs = {x, constant(name + ".weight")};
  if (has(name + ".bias")) inputs.push_back(constant(name + ".bias"));
  return node("Gemm", inputs, name, {{"transB", int64_t{1}}});
}

void add_encoder(NetworkOnnx& network, const settings::EncoderSettings& encoder, int64_t image_size) {
  const auto shape = encoder.shape();
  const auto& end = settings::encoder_ends().at(encoder.encoder_end);
  const std::string stem = encoder.resolved_stem(image_size);
  std::string h =
      network.convolution("images", "conv1", 3, shape.width, stem == "imagenet" ? 7 : 3, stem == "cifar" ? 1 : 2);
  h = network.node("Relu", {network.batch_norm(h, "bn1", shape.width)}, "relu");
  if (stem != "cifar") {
    h = network.node("MaxPool", {h}, "maxpool",
                     {{"kernel_shape", std::vector<int64_t>{3, 3}},
                      {"strides", std::vector<int64_t>{2, 2}},
                      {"pads", std::vector<int64_t>{1, 1, 1, 1}}});
  }
  int64_t channels = shape.width;
  for (int64_t stage = 0; stage < 4; ++stage) {
    const int64_t width = shape.width << stage;
    for (int64_t i = 0; i < shape.blocks[stage]; ++i) {
      const std::string name = "layer" + std::to_string(stage + 1) + "." + std::to_string(i);
      const bool last = stage == 3 && i + 1 == shape.blocks[stage];
      h = add_block(network, h, name, shape.bottleneck, channels, width, i == 0 && stage > 0 ? 2 : 1,
                    !last || end.relu);
      channels = shape.bottleneck ? 4 * width : width;
    }
  }
  h = network.node("GlobalAveragePool", {h}, "avgpool");
  if (end.norm) h = network.batch_norm(h, "norm", channels);
  network.node("Flatten", {h}, "representation");
}

void write_onnx(const RunWeights& weights, bool projector, const std::filesystem::path& out) {
  const auto& s = weights.settings;
  const std::string where = weights.run_id.empty() ? "the run's weights" : "run " + weights.run_id;
  const int64_t width = s.encoder.shape().representation();
  io::OnnxGraph graph;
  graph.add_input("images", {"batch", "3", "height", "width"});
  graph.add_output("representation", {"batch", std::to_string(width)});
  NetworkOnnx encoder(graph, weights.encoder, where);
  add_encoder(encoder, s.encoder, s.augment.image_size);
  if (projector) {
    NetworkOnnx head(graph, weights.projector, where, "projector.");
    const std::string z = projector_onnx().at(s.projector.projector).add(head, "representation", s.projector, width);
    graph.add("Identity", {z}, "embedding");
    // What changes nothing in evaluation, such as random dropout, leaves all columns.
    const int64_t narrowed = settings::projectors().at(s.projector.projector).layers(s.projector, width).embedding;
    graph.add_output("embedding", {"batch", std::to_string(z == "representation" ? width : narrowed)});
  }
  const auto& normalization = s.augment.normalization();
  graph.write(out, "directclr",
              {{"architecture", s.encoder.arch},
               {"stem", s.encoder.resolved_stem(s.augment.image_size)},
               {"projector", projector ? s.projector.projector : ""},
               {"image_size", std::to_string(s.augment.image_size)},
               {"mean", numbers_text(normalization.mean)},
               {"std", numbers_text(normalization.std)},
               {"run_id", weights.run_id}});
}

}  // namespace directclr::publish
