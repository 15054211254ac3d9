#include "directclr/distributed/gradient_sum.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <utility>

namespace directclr::distributed {
namespace {

// Large enough that an operation's fixed cost does not count, small enough that the first sets off early.
constexpr int64_t kBucketBytes = 4 << 20;

class ArrivalHook final : public torch::autograd::PostAccumulateGradHook {
 public:
  explicit ArrivalHook(std::function<void()> arrived) : arrived_(std::move(arrived)) {}
  void operator()(const torch::autograd::Variable&) override { arrived_(); }

 private:
  std::function<void()> arrived_;
};

}  // namespace

GradientSum::GradientSum(std::vector<at::Tensor> parameters, ProcessGroup group)
    : parameters_(std::move(parameters)), group_(std::move(group)), bucket_of_(parameters_.size()) {
  if (group_.world_size() == 1) return;
  int64_t bytes = kBucketBytes;
  for (size_t left = parameters_.size(); left > 0; --left) {
    const size_t i = left - 1;
    const at::Tensor& parameter = parameters_[i];
    const bool same_kind =
        !buckets_.empty() && parameters_[buckets_.back().members[0]].options().type_equal(parameter.options());
    if (bytes >= kBucketBytes || !same_kind) {
      buckets_.emplace_back();
      bytes = 0;
    }
    buckets_.back().members.push_back(i);
    bucket_of_[i] = buckets_.size() - 1;
    bytes += static_cast<int64_t>(parameter.nbytes());
    torch::autograd::impl::set_post_acc_grad_hooks(parameter, std::make_unique<ArrivalHook>([this, i] { arrived(i); }));
  }
}

GradientSum::~GradientSum() {
  if (group_.world_size() == 1) return;
  for (const auto& parameter : parameters_) torch::autograd::impl::set_post_acc_grad_hooks(parameter, nullptr);
}

void GradientSum::begin() {
  for (auto& bucket : buckets_) bucket.missing = bucket.members.size();
  next_ = 0;
  begun_ = true;
}

void GradientSum::arrived(size_t parameter) {
  if (!begun_) return;  // an earlier part of the batch
  --buckets_[bucket_of_[parameter]].missing;
  while (next_ < buckets_.size() && buckets_[next_].missing == 0) send(buckets_[next_++]);
}

void GradientSum::send(Bucket& bucket) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const size_t i : bucket.members) {
    // Whatever the strides, as long as they are the same on all processes.
    if (parameters_[i].grad().defined()) gradients.push_back(parameters_[i].grad().reshape({-1}));
  }
  if (gradients.empty()) return;
  bucket.flat = at::cat(gradients);
  bucket.wait = group_.begin_all_reduce_(bucket.flat);
}

void GradientSum::finish() {
  if (group_.world_size() == 1) return;
  const at::NoGradGuard no_grad;
  while (next_ < buckets_.size()) send(buckets_[next_++]);
  begun_ = false;
  for (auto& bucket : buckets_) {
    if (!bucket.flat.defined()) continue;
    bucket.wait();
    int64_t first = 0;
    for (const size_t i : bucket.members) {
      at::Tensor gradient = parameters_[i].grad();
      if (!gradient.defined()) continue;
      gradient.copy_(bucket.flat.narrow(0, first, gradient.numel()).view(gradient.sizes()));
      first += gradient.numel();
    }
    bucket.flat.reset();
    bucket.wait = nullptr;
  }
}

}  // namespace directclr::distributed
