#include "directclr/explain/explain.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <utility>

#include "directclr/core/core_turns.h"
#include "directclr/core/text.h"
#include "directclr/eval/batch_images.h"
#include "directclr/loss/contrastive.h"
#include "directclr/tensor/arrays.h"

namespace directclr::explain {
namespace {

using array::Array;
using at::Tensor;

Array wide_array(const Tensor& t) { return tensor::array_of(t.detach().cpu().to(at::kDouble).contiguous()); }

// r (n, D) as the network takes it.
Tensor rows_for(const Network& network, const Array& r) {
  return tensor::tensor_of(r).to(network.device, torch::kFloat);
}

causes::Encode encoder_of(const Network& network) {
  const auto pictures = std::make_shared<eval::BatchImages>(network.augment, network.device);
  const auto turns = std::make_shared<CoreTurns>(network.device.is_cpu() ? at::get_num_threads() : 0);
  return [network, pictures, turns](const data::Batch& batch, const Context& context) {
    const torch::NoGradGuard no_grad;
    auto encoder = network.encoder;
    const torch::Tensor images = pictures->global_views(batch);
    const CoreTurns::Turn turn = turns->take(context);
    return wide_array(encoder->forward(images));
  };
}

// The encoder's last convolution on the main path, as a matrix (D, in x k x k).
Tensor last_convolution(const model::ResNet& encoder) {
  Tensor last;
  for (const auto& item : encoder->named_parameters()) {
    if (item.value().dim() == 4 && item.key().find("downsample") == std::string::npos) last = item.value();
  }
  return last.flatten(1);
}

}  // namespace

causes::Subject subject_of(const Network& network) {
  causes::Subject subject;
  subject.encode = encoder_of(network);
  subject.loss = network.loss;
  subject.augment = network.augment;

  // The map does not depend on the rows; whether it takes r itself shows on any.
  const int64_t width = network.encoder->representation();
  const Tensor probe = torch::linspace(-1, 1, width, network.device).unsqueeze(0);
  const auto tail = network.projector->linear_tail(probe);
  const bool identity = torch::equal(tail.weight.cpu(), torch::eye(width)) && !tail.bias.any().item<bool>();
  if (!identity) subject.map = {wide_array(tail.weight), wide_array(tail.bias)};
  const bool linear = tail.input.sizes() == probe.sizes() && torch::equal(tail.input.to(probe.device()), probe);
  if (!linear) {
    subject.input_of_map = [network](const Array& r) {
      return wide_array(network.projector->linear_tail(rows_for(network, r)).input);
    };
  }
  const auto matrices = network.projector->matrices();
  if (!identity) {
    subject.adjacent.push_back({"last convolution and projector",
                                "a batch normalisation, the shortcut, a ReLU and the average over places",
                                wide_array(last_convolution(network.encoder)),
                                matrices.empty() ? subject.map.weight : wide_array(matrices[0])});
  }
  for (size_t k = 1; k < matrices.size(); ++k) {
    subject.adjacent.push_back({format("projector's matrices %zu and %zu", k, k + 1),
                                linear ? "nothing" : "a batch normalisation and a ReLU", wide_array(matrices[k - 1]),
                                wide_array(matrices[k])});
  }
  if (matrices.size() > 1) {
    subject.first = wide_array(matrices[0]);
    subject.second = wide_array(matrices[1]);
    subject.first_gradient = [network, first = matrices[0]](const Array& r_a, const Array& r_b) {
      const auto z = [&](const Array& r) { return network.projector->forward(rows_for(network, r), 0); };
      const Tensor value = loss::loss_function(network.loss.loss)(z(r_a), z(r_b), network.loss, {});
      return wide_array(torch::autograd::grad({value}, {first})[0]);
    };
  }
  return subject;
}

void suit(causes::ViewOptions& options, torch::Device device) {
  options.yield_to_trainer = device.is_cpu();
  options.format = eval::pixel_format_for(device, false);
}

}  // namespace directclr::explain
