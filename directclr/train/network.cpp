#include "directclr/train/network.h"

#include <torch/types.h>

namespace directclr::train {
namespace {

// What `forward` gives in evaluation mode; the module's mode is as before afterwards.
torch::Tensor try_forward(torch::nn::Module& module, const std::function<torch::Tensor()>& forward) {
  const torch::NoGradGuard no_grad;
  const bool was_training = module.is_training();
  module.eval();
  const torch::Tensor out = forward();
  module.train(was_training);
  return out;
}

}  // namespace

Network::Network(const ContrastiveModel& model) : encoder(encoder_of(model.encoder)), projector(model.projector) {
  encoder.representation = model.encoder->representation();
}

int64_t width_of(const Encoder& encoder, int64_t side, torch::Device device) {
  const torch::Tensor images = torch::zeros({2, 3, side, side}, device);
  const torch::Tensor r = try_forward(*encoder.module, [&] { return encoder.forward(images); });
  TORCH_CHECK(r.defined() && r.dim() == 2 && r.size(0) == 2, "[train] the encoder must give r (N, D), a row an image; ",
              "of images ", images.sizes(), " it made ", r.defined() ? c10::str(r.sizes()) : "nothing");
  return r.size(1);
}

void check_projector(model::Projector& projector, int64_t representation, torch::Device device) {
  const torch::Tensor r = torch::zeros({2, representation}, device);
  const torch::Tensor z = try_forward(projector, [&] { return projector.forward(r, 0); });
  TORCH_CHECK(z.defined() && z.dim() == 2 && z.size(0) == 2 && z.size(1) == projector.embedding(),
              "[train] the projector must give z (N, ", projector.embedding(), "), as its embedding() says; of r ",
              r.sizes(), " it made ", z.defined() ? c10::str(z.sizes()) : "nothing");
}

std::vector<optim::NamedTensor> tensors_of(const Network& network, bool with_buffers) {
  auto tensors = named_tensors(*network.encoder.module, "encoder/", with_buffers);
  for (auto& item : named_tensors(*network.projector, "projector/", with_buffers)) tensors.push_back(item);
  return tensors;
}

}  // namespace directclr::train
