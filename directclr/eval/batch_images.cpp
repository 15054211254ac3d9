#include "directclr/eval/batch_images.h"

#include <torch/types.h>

namespace directclr::eval {

data::PixelFormat pixel_format_for(c10::Device device, bool bfloat16) {
  if (!device.is_cpu()) return data::PixelFormat::kBytes;
  return bfloat16 ? data::PixelFormat::kBFloat16 : data::PixelFormat::kFloat32;
}

BatchImages::BatchImages(const data::AugmentSettings& augment, c10::Device device)
    : side_(augment.image_size), local_side_(augment.local_size) {
  const auto normalization = augment.normalization();
  const auto per_channel = [&](const std::array<double, 3>& values) {
    return torch::tensor({values[0], values[1], values[2]}, torch::kFloat).view({3, 1, 1}).to(device);
  };
  mean_ = per_channel(normalization.mean);
  std_ = per_channel(normalization.std);
  // A tensor, since a division by a number becomes a multiplication on some devices, which rounds otherwise.
  top_ = torch::full({1}, 255.0F).to(device);
}

at::Tensor BatchImages::global_views(const data::Batch& batch) const {
  return on_device(batch, batch.images, batch.views, side_);
}

at::Tensor BatchImages::local_views(const data::Batch& batch) const {
  return batch.local_views > 0 ? on_device(batch, batch.local_images, batch.local_views, local_side_) : at::Tensor();
}

at::Tensor BatchImages::on_device(const data::Batch& batch, const void* pixels, int64_t views, int64_t side) const {
  const auto type = batch.format == data::PixelFormat::kBytes      ? torch::kByte
                    : batch.format == data::PixelFormat::kBFloat16 ? torch::kBFloat16
                                                                   : torch::kFloat;
  const at::Tensor images = torch::from_blob(const_cast<void*>(pixels), {views * batch.count, side, side, 3}, type)
                                .permute({0, 3, 1, 2})
                                .to(mean_.device());
  if (type != torch::kByte) return images;
  return images.to(torch::kFloat).div_(top_).sub_(mean_).div_(std_);
}

}  // namespace directclr::eval
