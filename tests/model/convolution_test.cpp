#include "directclr/model/convolution.h"

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "directclr/train/device.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::model {
namespace {

struct ConvolutionCase {
  ConvolutionShape shape;
  bool input_product;  // its input's gradient has one
};

const std::vector<ConvolutionCase>& convolution_cases() {
  static const std::vector<ConvolutionCase> cases{
      {{16, 64, 1, 1, 8, 8}, true}, {{64, 16, 1, 2, 8, 8}, true},  {{5, 7, 1, 2, 5, 3}, true},
      {{24, 8, 3, 1, 2, 2}, true},  {{24, 8, 3, 2, 2, 2}, true},   {{24, 8, 3, 1, 1, 1}, true},
      {{24, 8, 3, 2, 1, 1}, true},  {{24, 8, 3, 1, 1, 2}, true},   {{3, 8, 7, 2, 3, 4}, true},
      {{24, 8, 3, 2, 8, 8}, false}, {{24, 8, 3, 2, 5, 7}, false},  {{24, 8, 3, 1, 4, 4}, true},
      {{24, 8, 5, 1, 4, 7}, true},  {{3, 8, 7, 2, 16, 16}, false},
  };
  return cases;
}

std::string named(const ConvolutionShape& s) {
  return "channels " + std::to_string(s.in) + " to " + std::to_string(s.out) + ", kernel " + std::to_string(s.kernel) +
         ", stride " + std::to_string(s.stride) + ", map " + std::to_string(s.height) + " x " + std::to_string(s.width);
}

struct Convolved {
  torch::Tensor y, grad_x, grad_weight;
};
Convolved convolved_in_float64(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& direction,
                               const ConvolutionShape& shape) {
  const torch::Tensor input = x.detach().to(torch::kDouble).contiguous().requires_grad_(true);
  const torch::Tensor kernel = weight.detach().to(torch::kDouble).contiguous().requires_grad_(true);
  const torch::Tensor y = torch::conv2d(input, kernel, {}, shape.stride, shape.kernel / 2);
  y.backward(direction.to(torch::kDouble));
  return {y.detach(), input.grad(), kernel.grad()};
}

TEST(Convolution, EqualsTheLibrarysByEveryWayInEveryType) {
  torch::manual_seed(1);
  for (const auto& [type, limit] :
       {std::pair(torch::kDouble, 1e-13), std::pair(torch::kFloat, 2e-6), std::pair(torch::kBFloat16, 0.006)}) {
    for (const auto& [shape, input_product] : convolution_cases()) {
      const auto last = [&, type = type](torch::IntArrayRef sizes) {
        return torch::randn(sizes, type).contiguous(at::MemoryFormat::ChannelsLast);
      };
      const torch::Tensor x = last({6, shape.in, shape.height, shape.width}).requires_grad_(true);
      const torch::Tensor weight = last({shape.out, shape.in, shape.kernel, shape.kernel}).requires_grad_(true);
      const torch::Tensor direction = torch::randn_like(torch::conv2d(x, weight, {}, shape.stride, shape.kernel / 2));
      const Convolved expected = convolved_in_float64(x, weight, direction, shape);
      std::vector<ConvolutionWays> all{{true, false, false}, {false, false, true}, {true, false, true}};
      if (input_product) all = {{true, false, false}, {false, true, false}, {false, false, true}, {true, true, true}};
      // The library's gradient of a strided kernel on one pixel, in bfloat16, is partly memory that nobody wrote
      // (oneDNN 3.13, AVX-512): the rule never takes it.
      if (shape.kernel > 1 && shape.height == 1 && shape.width == 1) all = {{true, true, true}};
      for (const auto& ways : all) {
        x.mutable_grad().reset();
        weight.mutable_grad().reset();
        const torch::Tensor y = convolution(x, weight, shape.stride, ways);
        y.backward(direction);
        const std::string what = named(shape) + ", " + c10::toString(type);
        EXPECT_TRUE(test::all_close(y, expected.y, limit)) << what;
        EXPECT_TRUE(test::all_close(x.grad(), expected.grad_x, limit)) << what;
        EXPECT_TRUE(test::all_close(weight.grad(), expected.grad_weight, limit)) << what;
        EXPECT_EQ(weight.grad().scalar_type(), type);
      }
      if (!input_product) {
        EXPECT_THROW(convolution(x, weight, shape.stride, {false, true, false}), c10::Error) << named(shape);
      }
    }
  }
}

struct BranchCase {
  int64_t in, out, kernel, stride, side_out, height, width;  // side_out 0: x itself
};

TEST(Branched, EqualsItsConvolutionsAndTheSumOfTheirGradients) {
  torch::manual_seed(4);
  const std::vector<BranchCase> cases{
      {16, 24, 1, 1, 0, 4, 4},  {16, 24, 1, 1, 40, 4, 4}, {16, 24, 1, 1, 40, 8, 8}, {16, 16, 3, 1, 0, 8, 8},
      {16, 24, 3, 2, 24, 8, 8}, {16, 24, 3, 2, 24, 2, 2}, {16, 24, 1, 1, 40, 1, 1}, {16, 24, 1, 1, 0, 1, 1},
      {16, 24, 3, 1, 0, 2, 2},  {16, 24, 3, 2, 24, 5, 7},
  };
  for (const auto& [type, limit] :
       {std::pair(torch::kDouble, 1e-13), std::pair(torch::kFloat, 2e-6), std::pair(torch::kBFloat16, 0.008)}) {
    for (const bool strided_side : {false, true}) {
      for (const auto& c : cases) {
        const int64_t side_stride = c.stride == 1 && strided_side && c.side_out > 0 ? 2 : c.stride;
        Convolution main(c.in, c.out, c.kernel, c.stride), side(c.in, std::max<int64_t>(c.side_out, 1), 1, side_stride);
        main->to(type);
        side->to(type);
        // Small maps go as products whatever their memory.
        const bool plain = c.height * c.width <= 4 && strided_side;
        const torch::Tensor x = torch::randn({6, c.in, c.height, c.width}, type)
                                    .contiguous(plain ? at::MemoryFormat::Contiguous : at::MemoryFormat::ChannelsLast)
                                    .requires_grad_(true);
        const Branches both = branched(x, *main, c.side_out > 0 ? side.get() : nullptr);
        const torch::Tensor of_main = torch::randn_like(both.main), of_side = torch::randn_like(both.side),
                            kept_main = of_main.clone(), kept_side = of_side.clone();
        torch::autograd::backward({both.main, both.side}, {of_main, of_side});
        const std::string what = named({c.in, c.out, c.kernel, c.stride, c.height, c.width}) + ", side " +
                                 std::to_string(c.side_out) + ", " + c10::toString(type);
        EXPECT_TRUE(torch::equal(of_main, kept_main) && torch::equal(of_side, kept_side)) << what;

        const Convolved first =
            convolved_in_float64(x, main->weight, of_main, {c.in, c.out, c.kernel, c.stride, c.height, c.width});
        EXPECT_TRUE(test::all_close(both.main, first.y, limit)) << what;
        EXPECT_TRUE(test::all_close(main->weight.grad(), first.grad_weight, limit)) << what;
        if (c.side_out == 0) {
          EXPECT_TRUE(torch::equal(both.side, x)) << what;
          EXPECT_TRUE(test::all_close(x.grad(), first.grad_x + of_side.to(torch::kDouble), limit)) << what;
        } else {
          const Convolved second =
              convolved_in_float64(x, side->weight, of_side, {c.in, c.side_out, 1, side_stride, c.height, c.width});
          EXPECT_TRUE(test::all_close(both.side, second.y, limit)) << what;
          EXPECT_TRUE(test::all_close(side->weight.grad(), second.grad_weight, limit)) << what;
          EXPECT_TRUE(test::all_close(x.grad(), first.grad_x + second.grad_x, limit)) << what;
        }
      }
    }
  }
}

// In bfloat16 the sum over the taps' products is rounded once, and the gradient comes in the parameter's float32.
TEST(Convolution, FollowsAutocastAndGivesTheWeightsGradientInFloat32) {
  torch::manual_seed(2);
  const torch::Tensor x = torch::randn({8, 16, 2, 2}).contiguous(at::MemoryFormat::ChannelsLast);
  const torch::Tensor weight = torch::randn({12, 16, 3, 3}).requires_grad_(true);
  torch::Tensor y;
  {
    const train::Autocast autocast(torch::kCPU, true);
    y = convolution(x, weight, 1);
  }
  EXPECT_EQ(y.scalar_type(), torch::kBFloat16);
  const torch::Tensor direction = torch::randn_like(y);
  y.backward(direction);
  EXPECT_EQ(weight.grad().scalar_type(), torch::kFloat);
  const ConvolutionShape shape{16, 12, 3, 1, 2, 2};
  const Convolved expected =
      convolved_in_float64(x.to(torch::kBFloat16), weight.detach().to(torch::kBFloat16), direction, shape);
  EXPECT_TRUE(test::all_close(y, expected.y, 0.006));
  EXPECT_TRUE(test::all_close(weight.grad(), expected.grad_weight, 0.004));
}

TEST(Convolution, LeavesOtherMemoryToTheLibraryAndChecksShapes) {
  torch::manual_seed(3);
  const torch::Tensor x = torch::randn({4, 8, 6, 6}), weight = torch::randn({5, 8, 1, 1});
  EXPECT_TRUE(test::identical(convolution(x, weight, 2), torch::conv2d(x, weight, {}, 2)));
  EXPECT_THROW(convolution(x, torch::randn({5, 7, 1, 1}), 1), c10::Error);
  EXPECT_THROW(convolution(x, torch::randn({5, 8, 2, 2}), 1), c10::Error);
}

// The rule is part of what a run's bits depend on: whoever changes what it says changes its number too.
TEST(ConvolutionRule, IsThatOfItsNumber) {
  Products products = Products::kPlain;
  const auto ways = [&](const ConvolutionShape& shape, int64_t bytes) {
    const ConvolutionWays w = fastest_ways(shape, bytes, products);
    return std::string(w.forward ? "f" : "-") + (w.input_gradient ? "x" : "-") + (w.weight_gradient ? "w" : "-");
  };
  const auto expect_plain = [&](int64_t bytes) {
    EXPECT_EQ(convolution_rule(bytes == 2, products), 2);
    EXPECT_EQ(ways({64, 64, 3, 1, 2, 2}, bytes), "fxw");
    EXPECT_EQ(ways({64, 64, 3, 2, 2, 2}, bytes), "fxw");
    EXPECT_EQ(ways({64, 64, 3, 2, 1, 1}, bytes), "fxw");
    EXPECT_EQ(ways({512, 128, 1, 1, 1, 1}, bytes), "fxw");
    EXPECT_EQ(ways({128, 32, 1, 1, 4, 4}, bytes), "fxw");
    EXPECT_EQ(ways({128, 256, 1, 2, 16, 16}, bytes), "fxw");
    EXPECT_EQ(ways({64, 256, 1, 1, 56, 56}, bytes), "---");
    EXPECT_EQ(ways({64, 64, 3, 1, 32, 32}, bytes), "---");
    EXPECT_EQ(ways({256, 256, 3, 2, 28, 28}, bytes), "--w");
    EXPECT_EQ(ways({512, 512, 3, 1, 7, 7}, bytes), "--w");
    EXPECT_EQ(ways({256, 256, 3, 1, 8, 8}, bytes), "---");
  };
  const auto expect_float32 = [&] {
    expect_plain(4);
    EXPECT_EQ(ways({16, 64, 1, 1, 8, 8}, 4), "---");
    EXPECT_EQ(ways({64, 16, 1, 1, 8, 8}, 4), "--w");
    EXPECT_EQ(ways({256, 512, 1, 2, 56, 56}, 4), "---");
    EXPECT_EQ(ways({32, 32, 3, 2, 8, 8}, 4), "---");
  };
  expect_float32();
  expect_plain(2);
  EXPECT_EQ(ways({16, 64, 1, 1, 8, 8}, 2), "fxw");
  EXPECT_EQ(ways({256, 512, 1, 2, 56, 56}, 2), "-x-");
  EXPECT_EQ(ways({32, 32, 3, 2, 8, 8}, 2), "--w");

  products = Products::kMatrixUnits;
  expect_float32();
  EXPECT_EQ(convolution_rule(true, products), 3);
  EXPECT_EQ(ways({64, 64, 3, 1, 2, 2}, 2), "fxw");
  EXPECT_EQ(ways({64, 256, 1, 1, 56, 56}, 2), "fxw");
  EXPECT_EQ(ways({256, 512, 1, 2, 56, 56}, 2), "fxw");
  EXPECT_EQ(ways({512, 512, 3, 1, 4, 4}, 2), "fxw");
  EXPECT_EQ(ways({256, 512, 3, 2, 8, 8}, 2), "f-w");
  EXPECT_EQ(ways({512, 512, 3, 2, 14, 14}, 2), "f-w");
  EXPECT_EQ(ways({512, 512, 3, 1, 7, 7}, 2), "-xw");
  EXPECT_EQ(ways({256, 256, 3, 1, 14, 14}, 2), "--w");
  EXPECT_EQ(ways({32, 32, 3, 2, 8, 8}, 2), "--w");
  EXPECT_EQ(ways({128, 128, 3, 1, 8, 8}, 2), "---");
  EXPECT_EQ(ways({64, 64, 3, 1, 32, 32}, 2), "---");
}

}  // namespace
}  // namespace directclr::model
