#include "directclr/model/fused_norm.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>
#include <vector>

#include "directclr/model/batch_norm.h"
#include "directclr/model/norm_kernels.h"
#include "tests/support/ranks.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::model {
namespace {

struct NormCase {
  torch::Tensor x, residual, direction;  // channels last; residual undefined: none
  torch::Tensor weight, bias;
  bool relu = false;
};

NormCase norm_case(torch::IntArrayRef shape, torch::Dtype type, bool relu, bool with_residual) {
  torch::manual_seed(5);
  const auto draw = [&] {
    const torch::Tensor numbers = torch::randn(shape, torch::kDouble).to(type);
    return shape.size() == 4 ? numbers.contiguous(at::MemoryFormat::ChannelsLast) : numbers;
  };
  const auto state_type = type == torch::kDouble ? torch::kDouble : torch::kFloat;
  NormCase c;
  c.x = 5 + 2 * draw();
  c.direction = draw();
  if (with_residual) c.residual = draw();
  c.weight = torch::randn({shape[1]}, state_type);
  c.bias = torch::randn({shape[1]}, state_type);
  c.relu = relu;
  return c;
}

struct Normalised {
  torch::Tensor y, grad_x, grad_residual, grad_weight, grad_bias, mean, variance;
};

torch::Tensor leaf(const torch::Tensor& values) {
  return values.defined() ? values.detach().clone().requires_grad_(true) : values;
}

Normalised ours(const NormCase& c, const distributed::ProcessGroup& group = {}) {
  const torch::Tensor x = leaf(c.x), residual = leaf(c.residual), weight = leaf(c.weight), bias = leaf(c.bias);
  const NormState state{weight, bias, torch::full_like(c.weight, 0.3), torch::full_like(c.weight, 2), 0.1, 1e-5, group};
  const torch::Tensor y = normalised(x, residual, state, c.relu, /*training=*/true);
  y.backward(c.direction);
  return {y.detach(),       x.grad(),    residual.defined() ? residual.grad() : residual,
          weight.grad(),    bias.grad(), state.running_mean,
          state.running_var};
}

// By torch's own operations, in float64.
Normalised torchs(const NormCase& c) {
  const auto wide = [](const torch::Tensor& t) { return t.defined() ? leaf(t.to(torch::kDouble)) : t; };
  const torch::Tensor x = wide(c.x), residual = wide(c.residual), weight = wide(c.weight), bias = wide(c.bias);
  Normalised r;
  r.mean = torch::full_like(weight, 0.3).detach();
  r.variance = torch::full_like(weight, 2).detach();
  torch::Tensor y = torch::batch_norm(x, weight, bias, r.mean, r.variance, true, 0.1, 1e-5, false);
  if (residual.defined()) y = y + residual;
  if (c.relu) y = torch::relu(y);
  y.backward(c.direction.to(torch::kDouble));
  r.y = y.detach();
  r.grad_x = x.grad();
  if (residual.defined()) r.grad_residual = residual.grad();
  r.grad_weight = weight.grad();
  r.grad_bias = bias.grad();
  return r;
}

void expect_alike(const Normalised& actual, const Normalised& expected, double written, double summed) {
  EXPECT_TRUE(test::all_close(actual.y, expected.y, written));
  EXPECT_TRUE(test::all_close(actual.grad_x, expected.grad_x, written));
  if (expected.grad_residual.defined()) {
    EXPECT_TRUE(test::all_close(actual.grad_residual, expected.grad_residual, written));
  }
  EXPECT_TRUE(test::all_close(actual.grad_weight, expected.grad_weight, summed));
  EXPECT_TRUE(test::all_close(actual.grad_bias, expected.grad_bias, summed));
  EXPECT_TRUE(test::all_close(actual.mean, expected.mean, summed));
  EXPECT_TRUE(test::all_close(actual.variance, expected.variance, summed));
}

// Widths of a few channels, of no whole register, and of several parts of the rows.
TEST(FusedNorm, EqualsTorchsOperationsForwardAndBackward) {
  const std::vector<std::vector<int64_t>> shapes{{5, 3, 4, 3}, {7, 16, 2, 2}, {6, 100, 3, 5}, {40, 64, 16, 16},
                                                 {9, 6},       {33, 512},     {8, 1, 2, 1}};
  for (const auto& shape : shapes) {
    for (const bool relu : {false, true}) {
      for (const bool residual : {false, true}) {
        SCOPED_TRACE(testing::Message() << c10::str(shape) << ", relu " << relu << ", residual " << residual);
        const NormCase wide = norm_case(shape, torch::kDouble, relu, residual);
        expect_alike(ours(wide), torchs(wide), 1e-12, 1e-12);
        const NormCase single = norm_case(shape, torch::kFloat, relu, residual);
        expect_alike(ours(single), torchs(single), 1e-5, 1e-5);
        // Rounded once to bfloat16; where a sum with the residual is rounded to 0 or not, y itself decides.
        const NormCase half = norm_case(shape, torch::kBFloat16, relu, residual);
        expect_alike(ours(half), torchs(half), 0.005, 1e-5);
      }
    }
  }
}

TEST(FusedNorm, HasTheGradientsOfFiniteDifferences) {
  const NormCase c = norm_case({4, 3, 2, 2}, torch::kDouble, true, true);
  const Normalised r = ours(c);
  const auto value = [&](const NormCase& at) { return (ours(at).y * c.direction).sum().item<double>(); };
  constexpr double kStep = 1e-6;
  const auto check = [&](torch::Tensor NormCase::*which, const torch::Tensor& gradient) {
    for (int64_t i = 0; i < gradient.numel(); ++i) {
      NormCase more = c, less = c;
      torch::Tensor shift = torch::zeros({gradient.numel()}, torch::kDouble);
      shift[i] = kStep;
      more.*which = c.*which + shift.view(gradient.sizes());
      less.*which = c.*which - shift.view(gradient.sizes());
      if (gradient.dim() == 4) {
        more.*which = (more.*which).contiguous(at::MemoryFormat::ChannelsLast);
        less.*which = (less.*which).contiguous(at::MemoryFormat::ChannelsLast);
      }
      EXPECT_NEAR(gradient.reshape({-1})[i].item<double>(), (value(more) - value(less)) / (2 * kStep), 1e-6) << i;
    }
  };
  check(&NormCase::x, r.grad_x.contiguous());
  check(&NormCase::residual, r.grad_residual.contiguous());
  check(&NormCase::weight, r.grad_weight);
  check(&NormCase::bias, r.grad_bias);
}

TEST(FusedNorm, SeesTheRowsOfAllProcesses) {
  for (const auto& [type, limit] : {std::pair(torch::kDouble, 1e-12), std::pair(torch::kFloat, 1e-5)}) {
    const NormCase whole = norm_case({10, 24, 3, 2}, type, true, true);
    const Normalised expected = torchs(whole);
    for (const int64_t size : {2, 3}) {
      test::on_ranks(size, [&, limit = limit](const distributed::ProcessGroup& group) {
        const Share mine = group.share(10);
        const auto part = [&](const torch::Tensor& t) {
          return t.narrow(0, mine.first, mine.count).contiguous(at::MemoryFormat::ChannelsLast);
        };
        NormCase own = whole;
        own.x = part(whole.x);
        own.residual = part(whole.residual);
        own.direction = part(whole.direction);
        Normalised r = ours(own, group);
        group.all_reduce_(r.grad_weight);
        group.all_reduce_(r.grad_bias);
        Normalised share = expected;
        for (torch::Tensor Normalised::*rows : {&Normalised::y, &Normalised::grad_x, &Normalised::grad_residual}) {
          share.*rows = part(expected.*rows);
        }
        expect_alike(r, share, limit, limit);
      });
    }
  }
}

// The parts in which rows are summed do not depend on the threads.
TEST(FusedNorm, HasTheSameBitsOnAnyNumberOfThreads) {
  const int before = at::get_num_threads();
  const NormCase c = norm_case({64, 48, 16, 16}, torch::kFloat, true, true);
  at::set_num_threads(1);
  const Normalised one = ours(c);
  at::set_num_threads(3);
  const Normalised three = ours(c);
  at::set_num_threads(before);
  for (const auto member : {&Normalised::y, &Normalised::grad_x, &Normalised::grad_residual, &Normalised::grad_weight,
                            &Normalised::grad_bias, &Normalised::mean, &Normalised::variance}) {
    EXPECT_TRUE(test::identical(one.*member, three.*member));
  }
}

// A mean of a thousand deviations: sums of squares alone would have no digit left in float32.
TEST(FusedNorm, KeepsTheVarianceOfValuesFarFromZero) {
  torch::manual_seed(6);
  const torch::Tensor x = (1000 + torch::randn({64, 8, 8, 8})).contiguous(at::MemoryFormat::ChannelsLast);
  const NormState state{torch::ones({8}), torch::zeros({8}), torch::zeros({8}), torch::zeros({8}), 1, 0, {}};
  normalised(x, {}, state, false, true);
  const torch::Tensor exact = x.to(torch::kDouble).transpose(0, 1).reshape({8, -1});
  EXPECT_TRUE(test::all_close(state.running_var, exact.var(1), 1e-5));
  EXPECT_TRUE(test::all_close(state.running_mean, exact.mean(1), 1e-7));
}

TEST(FusedNorm, LetsWhatIsNotANumberThrough) {
  for (const auto type : {torch::kFloat, torch::kBFloat16}) {
    NormCase c = norm_case({4, 16, 2, 2}, type, true, false);
    c.x[1][3][0][1] = std::numeric_limits<float>::quiet_NaN();
    const Normalised r = ours(c);
    EXPECT_TRUE(r.y.select(1, 3).isnan().all().item<bool>());
    EXPECT_FALSE(r.y.select(1, 4).isnan().any().item<bool>());
  }
}

TEST(FusedNorm, RefusesOtherMemoryAndOtherResiduals) {
  const NormState state{torch::ones({8}), torch::zeros({8}), torch::zeros({8}), torch::ones({8}), 0.1, 1e-5, {}};
  EXPECT_FALSE(can_normalise(torch::zeros({2, 8, 3, 3}), state));
  EXPECT_FALSE(can_normalise(torch::zeros({2, 8}, torch::kDouble), state));
  EXPECT_FALSE(can_normalise(torch::zeros({2, 4}), state));
  EXPECT_FALSE(can_normalise(torch::zeros({0, 8}), state));
  EXPECT_TRUE(can_normalise(torch::zeros({2, 8}), state));
  EXPECT_THROW(normalised(torch::zeros({2, 8, 3, 3}), {}, state, true, true), c10::Error);
  EXPECT_THROW(normalised(torch::zeros({2, 8}), torch::zeros({2, 7}), state, true, true), c10::Error);
}

// Fused in training and in evaluation without a graph; by torch's operations in evaluation with one.
TEST(BatchNorm, GivesTheSameInEvaluationWithAGraphAndWithout) {
  torch::manual_seed(7);
  BatchNorm norm(16);
  const torch::Tensor x = torch::randn({4, 16, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  norm->relu(3 + 2 * x);
  norm->eval();
  const torch::Tensor with_graph = norm->relu(x, 0.5 * x);
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(with_graph.requires_grad());
  EXPECT_TRUE(test::all_close(norm->relu(x, 0.5 * x), with_graph, 1e-6));
  EXPECT_TRUE(test::all_close(norm->forward(x.contiguous()), norm->forward(x), 1e-6));
}

TEST(NormKernels, AgreeToRoundingInRegistersOfEveryWidth) {
  torch::manual_seed(8);
  constexpr size_t kCount = 1000, kWidth = 48;
  const auto floats = [](size_t count) { return torch::randn({static_cast<int64_t>(count)}); };
  const torch::Tensor x = floats(kCount), g = floats(kCount), y = floats(kCount), a = floats(kWidth),
                      b = floats(kWidth), c = floats(kWidth);
  const auto data = [](const torch::Tensor& t) { return t.const_data_ptr<float>(); };
  const auto results = [&](int bytes) {
    const auto& kernels = norm_kernels(bytes).of_float;
    std::vector<torch::Tensor> all;
    const auto room = [&](size_t count) {
      all.push_back(torch::zeros({static_cast<int64_t>(count)}));
      return all.back().mutable_data_ptr<float>();
    };
    float *const sums = room(kWidth), *const squares = room(kWidth), *const normal = room(kCount),
                 *const masked = room(kCount), *const of_g = room(kWidth), *const products = room(kWidth),
                 *const gradient = room(kCount);
    kernels.moments(data(x), kCount, kWidth, data(a), sums, squares);
    kernels.normalise(data(x), data(g), normal, kCount, kWidth, data(a), data(b), true);
    kernels.gradient_sums(data(g), data(y), data(x), masked, kCount, kWidth, data(a), of_g, products);
    kernels.input_gradient(data(g), data(y), data(x), gradient, kCount, kWidth, data(a), data(b), data(c));
    return all;
  };
  const auto narrow = results(16);
  for (const int bytes : {32, 64}) {
    if (bytes > vector_bytes()) continue;
    const auto wide = results(bytes);
    for (size_t i = 0; i < wide.size(); ++i)
      EXPECT_TRUE(test::all_close(wide[i], narrow[i], 2e-6)) << bytes << " " << i;
  }
  EXPECT_THROW(norm_kernels(24), std::invalid_argument);
}

}  // namespace
}  // namespace directclr::model
