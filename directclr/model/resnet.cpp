#include "directclr/model/resnet.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "directclr/core/text.h"

namespace directclr::model {
namespace {

namespace nn = torch::nn;

}  // namespace

BlockImpl::BlockImpl(bool bottleneck, int64_t in_channels, int64_t width, int64_t stride, bool relu) : relu_(relu) {
  const int64_t out_channels = bottleneck ? 4 * width : width;
  const auto add = [&](int64_t in, int64_t out, int64_t kernel, int64_t step) {
    const std::string number = std::to_string(convs_.size() + 1);
    convs_.push_back(register_module("conv" + number, Convolution(in, out, kernel, step)));
    norms_.push_back(register_module("bn" + number, BatchNorm(out)));
  };
  if (bottleneck) {
    add(in_channels, width, 1, 1);
    add(width, width, 3, stride);
    add(width, out_channels, 1, 1);
  } else {
    add(in_channels, width, 3, stride);
    add(width, width, 3, 1);
  }
  if (stride != 1 || in_channels != out_channels) {
    downsample_ = register_module(
        "downsample", nn::Sequential(Convolution(in_channels, out_channels, 1, stride), BatchNorm(out_channels)));
  }
}

torch::Tensor BlockImpl::forward(const torch::Tensor& x) {
  const Branches both =
      branched(x, *convs_.front(), downsample_ ? downsample_->ptr<ConvolutionImpl>(0).get() : nullptr);
  torch::Tensor h = both.main;
  for (size_t i = 1; i < convs_.size(); ++i) h = convs_[i](norms_[i - 1]->relu(h));
  const torch::Tensor side = downsample_ ? downsample_->ptr<BatchNormImpl>(1)->forward(both.side) : both.side;
  return relu_ ? norms_.back()->relu(h, side) : norms_.back()->forward(h) + side;
}

ResNetImpl::ResNetImpl(const settings::EncoderSettings::Shape& shape, const std::string& stem, bool zero_init_residual,
                       const settings::EncoderEnd& end, uint64_t seed)
    : representation_(shape.representation()), pool_(stem != "cifar") {
  TORCH_CHECK(stem == "imagenet" || stem == "small" || stem == "cifar",
              "[ResNet] expected stem imagenet, small or cifar, got ", stem);
  // Widths below 64 (small test networks) scale the stem with them.
  conv1_ = register_module("conv1", Convolution(3, shape.width, stem == "imagenet" ? 7 : 3, stem == "cifar" ? 1 : 2));
  bn1_ = register_module("bn1", BatchNorm(shape.width));
  int64_t channels = shape.width;
  for (int64_t stage = 0; stage < 4; ++stage) {
    const int64_t width = shape.width << stage;
    nn::Sequential blocks;
    for (int64_t i = 0; i < shape.blocks[stage]; ++i) {
      const bool last = stage == 3 && i + 1 == shape.blocks[stage];
      blocks->push_back(
          Block(shape.bottleneck, channels, width, i == 0 && stage > 0 ? 2 : 1, /*relu=*/!last || end.relu));
      channels = shape.bottleneck ? 4 * width : width;
    }
    stages_.push_back(register_module("layer" + std::to_string(stage + 1), blocks));
  }
  if (end.norm) norm_ = register_module("norm", BatchNorm(representation_));

  const torch::NoGradGuard no_grad;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  for (const auto& module : modules(/*include_self=*/false)) {
    if (auto* conv = module->as<ConvolutionImpl>()) {
      const double fan_out = static_cast<double>(conv->weight.size(0) * conv->weight.size(2) * conv->weight.size(3));
      conv->weight.normal_(0, std::sqrt(2.0 / fan_out), generator);
    }
    if (auto* block = module->as<BlockImpl>(); block && zero_init_residual) block->last_norm()->weight.zero_();
  }
}

torch::Tensor ResNetImpl::forward(torch::Tensor images) {
  torch::Tensor h = bn1_->relu(conv1_(images));
  if (pool_) h = torch::max_pool2d(h, 3, 2, 1);
  for (auto& stage : stages_) h = stage->forward(h);
  h = h.mean({2, 3});
  return norm_ ? norm_->forward(h) : h;
}

ResNet make_encoder(const settings::EncoderSettings& settings, int64_t image_size, uint64_t seed) {
  return ResNet(settings.shape(), settings.resolved_stem(image_size), settings.zero_init_residual,
                settings::encoder_ends().at(settings.encoder_end), seed);
}

void to_channels_last(nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : module.parameters()) {
    if (parameter.dim() == 4) parameter.set_data(parameter.contiguous(at::MemoryFormat::ChannelsLast));
  }
}

}  // namespace directclr::model
