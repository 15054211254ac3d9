#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace directclr::model {

/// An encoder as training and evaluation see it: any module, and the way of images through it.
struct Encoder {
  std::shared_ptr<torch::nn::Module> module;  ///< its parameters, buffers, device, and mode (training or evaluation)
  std::function<at::Tensor(const at::Tensor&)> forward;  ///< images (N, 3, H, W), normalised -> r (N, D)
  int64_t representation = 0;                            ///< D; 0: not known yet
};

/// The encoder of a module whose forward takes images and gives a tensor (torch::nn::Sequential among them).
template <class M>
Encoder encoder_of(const std::shared_ptr<M>& module) {
  return {module, [module](const at::Tensor& images) -> at::Tensor { return module->forward(images); }, 0};
}
template <class M>
Encoder encoder_of(const torch::nn::ModuleHolder<M>& holder) {
  return encoder_of(holder.ptr());
}

}  // namespace directclr::model
