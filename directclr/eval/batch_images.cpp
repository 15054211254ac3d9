#include "directclr/eval/batch_images.h"

#include <torch/types.h>

#include "directclr/eval/upload.h"

namespace directclr::eval {

struct BatchImages::Way {
  explicit Way(c10::Device device) : global(device), local(device), labels(device) {}

  // What `use` makes of a tensor of the host's on the device.
  template <class Use>
  at::Tensor take(Upload& upload, const at::Tensor& host, const Use& use) const {
    const at::Tensor result = use(upload.begin(host));
    upload.used();
    if (!loader_waits) upload.wait();
    return result;
  }
  void wait() const {
    for (const Upload* upload : {&global, &local, &labels}) upload->wait();
  }

  Upload global, local, labels;
  bool loader_waits = false;
};

data::PixelFormat pixel_format_for(c10::Device device, bool bfloat16) {
  if (!device.is_cpu()) return data::PixelFormat::kBytes;
  return bfloat16 ? data::PixelFormat::kBFloat16 : data::PixelFormat::kFloat32;
}

BatchImages::BatchImages(const data::AugmentSettings& augment, c10::Device device)
    : side_(augment.image_size), local_side_(augment.local_size), way_(std::make_shared<Way>(device)) {
  const auto normalization = augment.normalization();
  const auto per_channel = [&](const std::array<double, 3>& values) {
    return torch::tensor({values[0], values[1], values[2]}, torch::kFloat).view({3, 1, 1}).to(device);
  };
  mean_ = per_channel(normalization.mean);
  std_ = per_channel(normalization.std);
  // A tensor, since a division by a number becomes a multiplication on some devices, which rounds otherwise.
  top_ = torch::full({1}, 255.0F).to(device);
}

void BatchImages::fetch_from(data::LoaderOptions& options) {
  if (mean_.is_cpu()) return;
  options.memory = memory_for(mean_.device());
  options.before_reuse = [way = way_] { way->wait(); };
  way_->loader_waits = true;
}

at::Tensor BatchImages::global_views(const data::Batch& batch) const {
  return on_device(batch, batch.images, batch.views, side_);
}

at::Tensor BatchImages::local_views(const data::Batch& batch) const {
  return batch.local_views > 0 ? on_device(batch, batch.local_images, batch.local_views, local_side_) : at::Tensor();
}

at::Tensor BatchImages::labels(const data::Batch& batch) const {
  const at::Tensor host = torch::from_blob(const_cast<int64_t*>(batch.labels), {batch.count}, torch::kLong);
  return way_->take(way_->labels, host, [](const at::Tensor& there) { return there.is_cpu() ? there : there.clone(); });
}

at::Tensor BatchImages::on_device(const data::Batch& batch, const void* pixels, int64_t views, int64_t side) const {
  const auto type = batch.format == data::PixelFormat::kBytes      ? torch::kByte
                    : batch.format == data::PixelFormat::kBFloat16 ? torch::kBFloat16
                                                                   : torch::kFloat;
  const at::Tensor host = torch::from_blob(const_cast<void*>(pixels), {views * batch.count, side, side, 3}, type);
  const bool local = pixels == batch.local_images;
  return way_->take(local ? way_->local : way_->global, host, [&](const at::Tensor& there) {
    const at::Tensor images = there.permute({0, 3, 1, 2});
    if (type == torch::kByte) return images.to(torch::kFloat).div_(top_).sub_(mean_).div_(std_);
    return there.is_cpu() ? images : images.clone();
  });
}

}  // namespace directclr::eval
