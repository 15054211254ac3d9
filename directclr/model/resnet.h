#pragma once

#include <torch/nn/modules/container/sequential.h>

#include "directclr/model/batch_norm.h"
#include "directclr/model/convolution.h"
#include "directclr/settings/encoders.h"
#include "directclr/settings/model_settings.h"

namespace directclr::model {

/// One residual block: two 3x3 convolutions (basic) or 1x1, 3x3, 1x1 (bottleneck), each with batch norm.
/// Parameter names are torchvision's (conv1, bn1, ..., downsample.0, downsample.1). Its sum goes through a ReLU where
/// `relu`.
class BlockImpl : public torch::nn::Module {
 public:
  BlockImpl(bool bottleneck, int64_t in_channels, int64_t width, int64_t stride, bool relu = true);

  /// x (N, C, H, W) -> (N, C', H / stride, W / stride)
  torch::Tensor forward(const torch::Tensor& x);

  /// The batch norm that ends the residual branch.
  BatchNorm& last_norm() { return norms_.back(); }

 private:
  std::vector<Convolution> convs_;
  std::vector<BatchNorm> norms_;
  bool relu_;
  torch::nn::Sequential downsample_{nullptr};
};
TORCH_MODULE(Block);

/// ResNet without its classifier: images in, representation r out (global average pool).
/// He et al. 2016, stride on the 3x3 convolution as in torchvision, whose parameter names it has, so weights go both
/// ways.
class ResNetImpl : public torch::nn::Module {
 public:
  /// Weights start as torchvision's (Kaiming normal, fan out) from a generator seeded by `seed`.
  /// `stem`: "imagenet", "small" or "cifar". `end`: one of settings::encoder_ends().
  ResNetImpl(const settings::EncoderSettings::Shape& shape, const std::string& stem, bool zero_init_residual,
             const settings::EncoderEnd& end, uint64_t seed);

  /// images (N, 3, H, W) -> r (N, D)
  torch::Tensor forward(torch::Tensor images);

  int64_t representation() const { return representation_; }

 private:
  int64_t representation_;
  bool pool_;
  Convolution conv1_{nullptr};
  BatchNorm bn1_{nullptr};
  std::vector<torch::nn::Sequential> stages_;
  BatchNorm norm_{nullptr};
};
TORCH_MODULE(ResNet);

/// The encoder that the settings describe; `image_size` decides an automatic stem (<= 64: small pictures).
ResNet make_encoder(const settings::EncoderSettings& settings, int64_t image_size, uint64_t seed);

/// Puts every 4-d parameter into channels-last memory, the layout in which CPU convolutions run fastest.
void to_channels_last(torch::nn::Module& module);

}  // namespace directclr::model
