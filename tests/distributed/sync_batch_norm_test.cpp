#include "directclr/distributed/sync_batch_norm.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "tests/support/ranks.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::distributed {
namespace {

struct Result {
  torch::Tensor y, grad_x, grad_weight, grad_bias, running_mean, running_var;
};

// Forward, backward from `grad_y`, and the running statistics, through torch's own batch_norm.
Result reference(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                 const torch::Tensor& grad_y) {
  Result r;
  const torch::Tensor input = x.clone().requires_grad_(true), w = weight.clone().requires_grad_(true),
                      b = bias.clone().requires_grad_(true);
  r.running_mean = torch::full_like(weight, 0.3);
  r.running_var = torch::full_like(weight, 2);
  r.y = torch::batch_norm(input, w, b, r.running_mean, r.running_var, true, 0.1, 1e-5, false);
  r.y.backward(grad_y);
  r.grad_x = input.grad();
  r.grad_weight = w.grad();
  r.grad_bias = b.grad();
  return r;
}

void compare(const std::vector<int64_t>& shape, torch::Dtype type, bool channels_last, double limit) {
  const int64_t total = shape[0], channels = shape[1];
  torch::manual_seed(3);
  torch::Tensor x = 5 + 2 * torch::randn(shape, torch::kDouble);
  torch::Tensor grad_y = torch::randn(shape, torch::kDouble);
  const torch::Tensor weight = torch::randn({channels}, torch::kDouble),
                      bias = torch::randn({channels}, torch::kDouble);
  if (channels_last) {
    x = x.contiguous(at::MemoryFormat::ChannelsLast);
    grad_y = grad_y.contiguous(at::MemoryFormat::ChannelsLast);
  }
  const Result whole = reference(x, weight, bias, grad_y);
  for (const int64_t size : {2, 3, 4}) {
    test::on_ranks(size, [&](const ProcessGroup& group) {
      const Share mine = group.share(total);
      const auto part = [&](const torch::Tensor& t) { return t.narrow(0, mine.first, mine.count); };
      const torch::Tensor input = part(x).to(type).clone().requires_grad_(true),
                          w = weight.to(type).clone().requires_grad_(true),
                          b = bias.to(type).clone().requires_grad_(true);
      torch::Tensor mean = torch::full({channels}, 0.3, type), variance = torch::full({channels}, 2, type);
      const torch::Tensor y = sync_batch_norm(input, w, b, mean, variance, 0.1, 1e-5, group);
      y.backward(part(grad_y).to(type));
      EXPECT_TRUE(test::all_close(y, part(whole.y), limit)) << "rank " << group.rank() << " of " << size;
      EXPECT_TRUE(test::all_close(input.grad(), part(whole.grad_x), limit)) << "rank " << group.rank();
      torch::Tensor grad_w = w.grad().clone(), grad_b = b.grad().clone();
      group.all_reduce_(grad_w);
      group.all_reduce_(grad_b);
      EXPECT_TRUE(test::all_close(grad_w, whole.grad_weight, limit));
      EXPECT_TRUE(test::all_close(grad_b, whole.grad_bias, limit));
      EXPECT_TRUE(test::all_close(mean, whole.running_mean, limit));
      EXPECT_TRUE(test::all_close(variance, whole.running_var, limit));
    });
  }
}

TEST(SyncBatchNorm, EqualsOneProcessOnAllRowsInFloat64) {
  compare({10, 6}, torch::kDouble, false, 1e-12);
  compare({9, 5, 4, 3}, torch::kDouble, false, 1e-12);
  compare({9, 8, 4, 3}, torch::kDouble, true, 1e-12);
}

TEST(SyncBatchNorm, EqualsOneProcessOnAllRowsInFloat32) {
  compare({10, 6}, torch::kFloat, false, 1e-5);
  compare({9, 8, 4, 3}, torch::kFloat, true, 1e-5);
}

TEST(SyncBatchNorm, ChecksTheShape) {
  test::on_ranks(2, [](const ProcessGroup& group) {
    torch::Tensor five = torch::ones({5});
    EXPECT_THROW(sync_batch_norm(torch::ones({3, 4}), five, five, five, five, 0.1, 1e-5, group), c10::Error);
    EXPECT_THROW(sync_batch_norm(torch::ones({3, 5, 2}), five, five, five, five, 0.1, 1e-5, group), c10::Error);
  });
}

}  // namespace
}  // namespace directclr::distributed
