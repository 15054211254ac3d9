#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>

namespace directclr::model {

/// A convolution's three parts: whether each goes as a matrix product (true), or as the library's convolution.
/// Kernels of one pixel and small maps have a product for each; all others with the pixels that every output sees
/// written out side by side, but for the input's gradient of strided ones, which has none.
struct ConvolutionWays {
  bool forward = false, input_gradient = false, weight_gradient = false;

  bool operator==(const ConvolutionWays&) const = default;
};

/// What the choice of ways looks at: x (N, C, height, width), a square kernel, channels-last memory.
struct ConvolutionShape {
  int64_t in = 0, out = 0;  // channels
  int64_t kernel = 1, stride = 1;
  int64_t height = 0, width = 0;

  /// 1 x 1: a pixel's channels times the kernel, for all pixels (N H W) at once.
  bool is_of_pixels() const { return kernel == 1; }
  /// Every output sees every pixel of the map, each through a tap of its own: maps of at most 2 x 2 under a 3 x 3
  /// kernel. A whole map's numbers times a matrix that holds the kernel once for every output pixel.
  bool is_of_maps() const;
  /// All but strided kernels of several pixels on larger maps, which the library computes.
  bool has_product_of_input_gradient() const;
  /// H', W', and H' W', the output's pixels.
  int64_t output_height() const;
  int64_t output_width() const;
  int64_t output_pixels() const;
};

/// Which products a processor is fast at.
enum class Products {
  kPlain,        ///< as fast as its vectors
  kMatrixUnits,  ///< bfloat16 also in units made for them (AMX), several times faster than all else
};
/// Those of this processor.
Products products_here();

/// The faster ways for a shape, `bytes` a number (4: float32; 2: bfloat16). A function of these alone, never of
/// measured time, so that a run repeats its bits on every processor of its kind.
ConvolutionWays fastest_ways(const ConvolutionShape& shape, int64_t bytes, Products products);

/// The number of the rule by which convolutions go: 2, and 3 for bfloat16 with matrix units. Runs record it: another
/// rule changes their numbers, if in the last bits alone.
int64_t convolution_rule(bool bfloat16, Products products);

/// x (N, Cin, H, W) with weight (Cout, Cin, k, k), k odd, padded by k / 2, without bias -> (N, Cout, H', W'),
/// H' = (H - 1) / stride + 1: torch's conv2d. In bfloat16 where autocast says so. The gradient of the weight is rounded
/// once, to the weight's type. Differentiable once.
/// Requires floating numbers. On processors, in channels-last memory, it goes by fastest_ways; else it is the
/// library's.
at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, int64_t stride);
/// The same by given ways; throws c10::Error where a product is asked that the shape does not have.
at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, int64_t stride, ConvolutionWays ways);

/// The module: its parameter is `weight`, as PyTorch's Conv2d names it, and starts as
/// that does, U(+-1 / sqrt(Cin k k)).
class ConvolutionImpl : public torch::nn::Module {
 public:
  ConvolutionImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride);
  torch::Tensor forward(const torch::Tensor& x) { return convolution(x, weight, stride_); }
  int64_t stride() const { return stride_; }

  torch::Tensor weight;  // (Cout, Cin, k, k)

 private:
  int64_t stride_;
};
TORCH_MODULE(Convolution);

/// The two ways on from where a residual block begins.
struct Branches {
  at::Tensor main, side;
};
/// main(x), and side(x), or x itself where `side` is null: as two calls of them, but x's gradient is summed where the
/// second part of it is computed, in the memory of the first.
Branches branched(const at::Tensor& x, const ConvolutionImpl& main, const ConvolutionImpl* side);

}  // namespace directclr::model
