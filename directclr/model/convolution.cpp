#include "directclr/model/convolution.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include <cmath>
#include <vector>

namespace directclr::model {
namespace {

using at::MemoryFormat;
using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

int64_t output_side(int64_t side, int64_t stride) { return (side - 1) / stride + 1; }

ConvolutionShape shape_of(const Tensor& x, const Tensor& weight, int64_t stride) {
  return {weight.size(1), weight.size(0), weight.size(2), stride, x.size(2), x.size(3)};
}

// (N, C, H, W) -> (N, H, W, C), contiguous; a view in channels-last memory.
Tensor pixels_of(const Tensor& maps) { return maps.permute({0, 2, 3, 1}).contiguous(); }
Tensor maps_of(const Tensor& pixels) { return pixels.permute({0, 3, 1, 2}); }

// A convolution as one product: y (M, P) = x (M, K) w (P, K)^T. M, K and P are pixels, Cin and Cout for kernels of one
// pixel, and images, H W Cin and H' W' Cout for small maps. Of other shapes only the weight's gradient, with K = k k
// Cin.
class Product {
 public:
  explicit Product(const ConvolutionShape& shape)
      : s_(shape), height_(output_side(shape.height, shape.stride)), width_(output_side(shape.width, shape.stride)) {}

  Tensor forward(const Tensor& x, const Tensor& weight) const {
    return maps_of(at::mm(rows(x), matrix(weight).t()).view({x.size(0), height_, width_, s_.out}));
  }

  Tensor input_gradient(const Tensor& grad_y, const Tensor& weight) const {
    const Tensor product = at::mm(output_rows(grad_y), matrix(weight));
    const int64_t images = grad_y.size(0);
    if (s_.is_of_maps() || s_.stride == 1) return maps_of(product.view({images, s_.height, s_.width, s_.in}));
    const Tensor grad_x = at::zeros({images, s_.height, s_.width, s_.in}, product.options());
    seen(grad_x).copy_(product.view({images, height_, width_, s_.in}));
    return maps_of(grad_x);
  }

  // (Cout, Cin, k, k) of the numbers' type, or of float32 where a tap's gradient is a sum of several products'.
  Tensor weight_gradient(const Tensor& grad_y, const Tensor& x) const {
    const Tensor product = at::mm(output_rows(grad_y).t(), rows(x));  // (P, K)
    if (!s_.is_of_maps()) return maps_of(product.view({s_.out, s_.kernel, s_.kernel, s_.in}));
    const int64_t outputs = height_ * width_, inputs = s_.height * s_.width, taps = s_.kernel * s_.kernel;
    Tensor gradient = at::zeros({s_.out, taps, s_.in}, product.options().dtype(sum_type(product)));
    gradient.index_add_(1, taps_seen(),
                        product.view({outputs, s_.out, inputs, s_.in})
                            .transpose(0, 1)
                            .to(gradient.scalar_type())
                            .reshape({s_.out, outputs * inputs, s_.in}));
    return maps_of(gradient.view({s_.out, s_.kernel, s_.kernel, s_.in}));
  }

 private:
  static at::ScalarType sum_type(const Tensor& product) {
    return product.scalar_type() == at::kBFloat16 ? at::kFloat : product.scalar_type();
  }
  Tensor seen(const Tensor& pixels) const { return pixels.slice(1, 0, {}, s_.stride).slice(2, 0, {}, s_.stride); }

  Tensor rows(const Tensor& x) const {
    const Tensor pixels = pixels_of(x);
    if (s_.is_of_maps()) return pixels.view({x.size(0), -1});
    return s_.is_of_pixels() ? seen(pixels).reshape({-1, s_.in}) : patches(pixels);
  }
  Tensor output_rows(const Tensor& y) const {
    return pixels_of(y).view({s_.is_of_maps() ? y.size(0) : y.size(0) * height_ * width_, -1});
  }
  // What each output pixel sees: (N H' W', k k Cin).
  Tensor patches(const Tensor& pixels) const {
    const int64_t around = s_.kernel / 2;
    const Tensor padded = at::constant_pad_nd(pixels, {0, 0, around, around, around, around});
    const auto step = padded.strides();
    return padded
        .as_strided({pixels.size(0), height_, width_, s_.kernel, s_.kernel, s_.in},
                    {step[0], step[1] * s_.stride, step[2] * s_.stride, step[1], step[2], 1})
        .reshape({-1, s_.kernel * s_.kernel * s_.in});
  }
  Tensor matrix(const Tensor& weight) const {
    if (s_.is_of_pixels()) return weight.reshape({s_.out, s_.in});  // on a map of one pixel too
    const int64_t outputs = height_ * width_, inputs = s_.height * s_.width;
    return pixels_of(weight)
        .view({s_.out, s_.kernel * s_.kernel, s_.in})
        .index_select(1, taps_seen())
        .view({s_.out, outputs, inputs, s_.in})
        .transpose(0, 1)
        .reshape({outputs * s_.out, inputs * s_.in});
  }
  // Through which tap an output pixel sees an input pixel: (H' W' H W), outputs first.
  Tensor taps_seen() const {
    std::vector<int64_t> taps;
    const int64_t middle = s_.kernel / 2;
    for (int64_t out_y = 0; out_y < height_; ++out_y) {
      for (int64_t out_x = 0; out_x < width_; ++out_x) {
        for (int64_t y = 0; y < s_.height; ++y) {
          for (int64_t x = 0; x < s_.width; ++x) {
            taps.push_back((y - out_y * s_.stride + middle) * s_.kernel + x - out_x * s_.stride + middle);
          }
        }
      }
    }
    return torch::tensor(taps, at::kLong);
  }

  ConvolutionShape s_;
  int64_t height_, width_;  // of the output
};

struct ConvolutionFunction : torch::autograd::Function<ConvolutionFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& parameter, int64_t stride,
                        bool forward_product, bool input_product, bool weight_product) {
    const Tensor weight = parameter.to(x.scalar_type());
    const ConvolutionShape shape = shape_of(x, weight, stride);
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["input product"] = input_product;
    context->saved_data["weight product"] = weight_product;
    context->saved_data["type"] = parameter.scalar_type();
    if (forward_product) return Product(shape).forward(x, weight);
    const int64_t padding = shape.kernel / 2;
    return at::convolution(x, weight, {}, {stride, stride}, {padding, padding}, {1, 1}, false, {0, 0}, 1);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const int64_t stride = context->saved_data["stride"].toInt();
    const ConvolutionShape shape = shape_of(x, weight, stride);
    const Tensor grad_y = gradients[0].contiguous(x.suggest_memory_format());
    const bool of_x = context->needs_input_grad(0), of_weight = context->needs_input_grad(1);
    const bool input_product = of_x && context->saved_data["input product"].toBool(),
               weight_product = of_weight && context->saved_data["weight product"].toBool();
    Tensor grad_x, grad_weight;
    if (input_product) grad_x = Product(shape).input_gradient(grad_y, weight);
    if (weight_product) grad_weight = Product(shape).weight_gradient(grad_y, x);
    if ((of_x && !input_product) || (of_weight && !weight_product)) {
      const int64_t padding = shape.kernel / 2;
      const auto [library_x, library_weight, none] = at::convolution_backward(
          grad_y, x, weight, at::OptionalIntArrayRef(), {stride, stride}, {padding, padding}, {1, 1}, false, {0, 0}, 1,
          {of_x && !input_product, of_weight && !weight_product, false});
      if (of_x && !input_product) grad_x = library_x;
      if (of_weight && !weight_product) grad_weight = library_weight;
    }
    if (of_weight) grad_weight = grad_weight.to(context->saved_data["type"].toScalarType());
    return {grad_x, grad_weight, Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

// x as the convolution sees it.
Tensor cast(const Tensor& x) {
  if (!at::autocast::is_autocast_enabled(x.device().type()) || x.scalar_type() == at::kDouble) return x;
  return x.to(at::autocast::get_autocast_dtype(x.device().type()));
}

}  // namespace

bool ConvolutionShape::is_of_maps() const {
  const int64_t reach = kernel / 2;
  const auto all_seen = [&](int64_t side) {
    return side - 1 <= reach && (output_side(side, stride) - 1) * stride <= reach;
  };
  return all_seen(height) && all_seen(width);
}

int64_t ConvolutionShape::output_pixels() const { return output_side(height, stride) * output_side(width, stride); }

// From seconds of a core for every shape of the ResNets at 32 and 224 pixels (AMD Zen 4, oneDNN 3.13, MKL 2024). The
// library's convolution is at the rate of products on large maps and far from it on small ones, most so the gradients
// of kernels that leave pixels out; in float32 its forward is ahead for longer.
ConvolutionWays fastest_ways(const ConvolutionShape& shape, int64_t bytes) {
  if (shape.is_of_maps()) return {true, true, true};
  const int64_t pixels = shape.output_pixels();
  const bool strided = shape.stride > 1, half = bytes == 2;
  if (shape.is_of_pixels()) {
    const bool small = pixels <= (half ? 196 : strided ? 64 : 16);
    return {small, small || (half && strided), small || (pixels <= 196 && shape.in >= 64)};
  }
  const int64_t wide = half ? 1 : 256;
  return {false, false, (strided && pixels <= 196 && shape.in >= wide) || (pixels <= 49 && shape.in >= 512)};
}

Tensor convolution(const Tensor& x, const Tensor& weight, int64_t stride) {
  const Tensor numbers = cast(x);
  const ConvolutionShape shape = shape_of(x, weight, stride);
  ConvolutionWays ways;
  // Of maps whatever their memory: the library's gradient of a strided kernel on one pixel, in bfloat16, is partly
  // memory that nobody wrote (libtorch 2.15, AVX-512).
  if (x.is_cpu() && (shape.is_of_maps() || numbers.is_contiguous(MemoryFormat::ChannelsLast))) {
    ways = fastest_ways(shape, numbers.element_size());
  }
  return convolution(numbers, weight, stride, ways);
}

Tensor convolution(const Tensor& x, const Tensor& weight, int64_t stride, ConvolutionWays ways) {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4 && x.size(1) == weight.size(1) && weight.size(2) == weight.size(3) &&
                  weight.size(2) % 2 == 1 && stride >= 1,
              "[convolution] expected x (N, C, H, W) and an odd square kernel (out, C, k, k), got ", x.sizes(), " and ",
              weight.sizes(), ", stride ", stride);
  const ConvolutionShape shape = shape_of(x, weight, stride);
  TORCH_CHECK(!(ways.forward || ways.input_gradient) || shape.is_of_pixels() || shape.is_of_maps(),
              "[convolution] no product for x ", x.sizes(), " and a kernel ", weight.sizes());
  return ConvolutionFunction::apply(cast(x), weight, stride, ways.forward, ways.input_gradient, ways.weight_gradient);
}

ConvolutionImpl::ConvolutionImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride) : stride_(stride) {
  const double bound = 1 / std::sqrt(static_cast<double>(in * kernel * kernel));
  weight = register_parameter("weight", torch::empty({out, in, kernel, kernel}).uniform_(-bound, bound));
}

}  // namespace directclr::model
