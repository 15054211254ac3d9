#include "directclr/train/foreign_weights.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/io/array_index.h"
#include "directclr/settings/encoders.h"
#include "directclr/tensor/arrays.h"
#include "directclr/train/contrastive_model.h"

namespace directclr::train {
namespace {

using Spans = std::map<std::string, const io::ArraySpan*>;

// The network whose blocks and width the names and shapes tell, as its option: "--arch resnet18"; "" when none is
// known.
std::string likely_arch(const Spans& spans, const std::string& prefix) {
  const auto has = [&](const std::string& name) { return spans.contains(prefix + name); };
  settings::EncoderSettings::Shape shape{has("layer1.0.conv3.weight"), {}, 0};
  const auto norm = spans.find(prefix + "bn1.weight");
  if (norm == spans.end() || norm->second->shape.size() != 1) return "";
  shape.width = norm->second->shape[0];
  for (int64_t stage = 0; stage < 4; ++stage) {
    const std::string layer = "layer" + std::to_string(stage + 1) + ".";
    while (has(layer + std::to_string(shape.blocks[stage]) + ".conv1.weight")) ++shape.blocks[stage];
    if (shape.blocks[stage] == 0) return "";
  }
  for (const auto& name : settings::architectures().names()) {
    const auto& known = settings::architectures().at(name).shape;
    if (known.bottleneck == shape.bottleneck && known.width == shape.width &&
        std::equal(std::begin(known.blocks), std::end(known.blocks), std::begin(shape.blocks))) {
      return "--arch " + name;
    }
  }
  std::string blocks;
  for (const int64_t count : shape.blocks) blocks += (blocks.empty() ? "" : ",") + std::to_string(count);
  return "--arch " + std::string(shape.bottleneck ? "bottleneck:" : "basic:") + blocks + ":" +
         std::to_string(shape.width);
}

// The option that would make an encoder of these shapes.
std::string likely_option(const Spans& spans, const std::string& prefix, const std::string& name,
                          const std::vector<int64_t>& ours, const std::vector<int64_t>& theirs) {
  const bool stem = name == "conv1.weight" && ours.size() == 4 && theirs.size() == 4 && ours[0] == theirs[0];
  if (stem && theirs[3] == 7) return "--stem imagenet?";
  if (stem && theirs[3] == 3) return "--stem cifar or --stem small?";
  const std::string arch = likely_arch(spans, prefix);
  return arch.empty() ? "weights of another architecture?" : arch + "?";
}

}  // namespace

io::WeightsRead load_foreign_weights(torch::nn::Module& module, const std::filesystem::path& path,
                                     const std::string& prefix) {
  const auto wanted = named_tensors(module, "", /*with_buffers=*/true);
  auto network = io::network_tensors(path.string(), io::read_array_index(path), prefix, wanted.front().first);
  io::WeightsRead& read = network.read;
  Spans spans;
  for (const auto& [name, span] : network.tensors) spans[name] = &span;
  const Spans all = spans;
  const torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : wanted) {
    const auto at = spans.find(read.prefix + name);
    if (at == spans.end()) {
      if (name.ends_with("num_batches_tracked")) continue;
      const std::string arch = likely_arch(all, read.prefix);
      throw InputError(path.string(), "has no tensor '" + read.prefix + name + "'",
                       arch.empty() ? "weights of another architecture?" : arch + "?");
    }
    const auto ours = tensor.sizes().vec();
    if (at->second->shape != ours) {
      throw InputError(path.string(),
                       "tensor '" + read.prefix + name + "' has another shape: " + io::shape_text(at->second->shape) +
                           ", the encoder's is " + io::shape_text(ours),
                       likely_option(all, read.prefix, name, ours, at->second->shape));
    }
    tensor.copy_(tensor::tensor_of(io::read_array(path, *at->second)));
    spans.erase(at);
  }
  read.tensors -= static_cast<int64_t>(spans.size());
  if (!spans.empty()) {
    read.passed_over.push_back(std::to_string(spans.size()) + (spans.size() == 1 ? " tensor" : " tensors") +
                               " that the encoder does not have, '" + spans.begin()->first + "'" +
                               (spans.size() > 1 ? ", .." : ""));
  }
  return std::move(read);
}

settings::StemChoice stem_of_weights(const std::filesystem::path& path, const std::string& prefix, int64_t image_size) {
  const std::string first = "conv1.weight";
  const auto network = io::network_tensors(path.string(), io::read_array_index(path), prefix, first);
  for (const auto& [name, span] : network.tensors) {
    if (name != network.read.prefix + first || span.shape.size() != 4) continue;
    return settings::stem_of_kernel(span.shape[3], image_size, path.string());
  }
  throw InputError(path.string(), "has no convolution '" + first + "'", "weights of another architecture?");
}

}  // namespace directclr::train
