#include "directclr/train/forgetting_covariance.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace directclr::train {

ForgettingCovariance::ForgettingCovariance(int64_t dimensions, double memory, at::Device device) : memory_(memory) {
  TORCH_CHECK(dimensions >= 1 && memory >= 1, "[ForgettingCovariance] expected dimensions and memory of at least 1");
  const auto options = at::TensorOptions(device).dtype(at::kDouble);
  weight_ = at::zeros({}, at::kDouble);
  mean_ = at::zeros({dimensions}, options);
  covariance_ = at::zeros({dimensions, dimensions}, options);
}

void ForgettingCovariance::add(const at::Tensor& rows, const distributed::ProcessGroup& group) {
  TORCH_CHECK(rows.dim() == 2 && rows.size(1) == mean_.size(0) && rows.size(0) >= 1,
              "[ForgettingCovariance::add] expected (n >= 1, ", mean_.size(0), "), got ", rows.sizes());
  const at::NoGradGuard no_grad;
  const double count = group.all_reduce(static_cast<double>(rows.size(0)));
  const at::Tensor z = rows.detach().to(at::kFloat);
  at::Tensor mean = z.sum(at::IntArrayRef{0}, false, at::kDouble);
  group.all_reduce_(mean);
  mean /= count;
  const at::Tensor centred = z - mean.to(at::kFloat);
  at::Tensor scatter = centred.t().mm(centred).to(at::kDouble);
  group.all_reduce_(scatter);

  const double before = weight();
  const double w = std::max(count / (before + count), std::min(1.0, count / memory_));
  const at::Tensor shift = mean - mean_;
  mean_ += w * shift;
  covariance_ *= 1 - w;
  covariance_ += scatter * (w / count);
  covariance_ += at::outer(shift, shift) * (w * (1 - w));
  weight_.fill_(std::min(before + count, std::max(memory_, count)));
}

double ForgettingCovariance::weight() const { return *weight_.const_data_ptr<double>(); }

std::vector<std::pair<std::string, at::Tensor>> ForgettingCovariance::state() const {
  return {{"weight", weight_}, {"mean", mean_}, {"covariance", covariance_}};
}

}  // namespace directclr::train
