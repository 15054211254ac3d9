#include "directclr/model/convolution.h"

#include <ATen/autocast_mode.h>
#include <ATen/cpu/Utils.h>
#include <ATen/ops/convolution.h>
#include <ATen/ops/convolution_backward.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "directclr/model/convolution_product.h"

namespace directclr::model {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

ConvolutionShape shape_of(const Tensor& x, const Tensor& weight, int64_t stride) {
  return {weight.size(1), weight.size(0), weight.size(2), stride, x.size(2), x.size(3)};
}

// One convolution among the tensors that a backward finds again.
struct Convolved {
  ConvolutionShape shape;
  ConvolutionWays ways;

  Convolved(const Tensor& x, const Tensor& weight, int64_t stride, ConvolutionWays by)
      : shape(shape_of(x, weight, stride)), ways(by) {}
  Convolved(const Tensor& x, const Tensor& weight, const at::IValue& kept)
      : Convolved(x, weight, kept.toIntVector()[0], {}) {
    const auto numbers = kept.toIntVector();
    ways = {numbers[1] != 0, numbers[2] != 0, numbers[3] != 0};
  }
  at::IValue kept() const {
    return std::vector<int64_t>{shape.stride, ways.forward, ways.input_gradient, ways.weight_gradient};
  }

  Tensor forward(const Tensor& x, const Tensor& weight) const {
    if (ways.forward) return ConvolutionProduct(shape).forward(x, weight);
    const int64_t padding = shape.kernel / 2, stride = shape.stride;
    return at::convolution(x, weight, {}, {stride, stride}, {padding, padding}, {1, 1}, false, {0, 0}, 1);
  }

  struct Gradients {
    Tensor x, weight;
  };
  // Those that are asked for. x's is added to `sum` where that is defined, in its memory.
  Gradients gradients(const Tensor& given, const Tensor& x, const Tensor& weight, bool of_x, bool of_weight,
                      const Tensor& sum = {}) const {
    const Tensor grad_y = given.contiguous(x.suggest_memory_format());
    const bool input_product = of_x && ways.input_gradient, weight_product = of_weight && ways.weight_gradient;
    const bool library_x = of_x && !input_product, library_weight = of_weight && !weight_product;
    const ConvolutionProduct product(shape);
    Gradients result;
    if (input_product && sum.defined()) product.add_input_gradient(grad_y, weight, sum);
    if (input_product && !sum.defined()) result.x = product.input_gradient(grad_y, weight);
    if (weight_product) result.weight = product.weight_gradient(grad_y, x);
    if (library_x || library_weight) {
      const int64_t padding = shape.kernel / 2, stride = shape.stride;
      const auto [grad_x, grad_weight, none] =
          at::convolution_backward(grad_y, x, weight, at::OptionalIntArrayRef(), {stride, stride}, {padding, padding},
                                   {1, 1}, false, {0, 0}, 1, {library_x, library_weight, false});
      if (library_x && sum.defined()) sum.add_(grad_x);
      if (library_x && !sum.defined()) result.x = grad_x;
      if (library_weight) result.weight = grad_weight;
    }
    if (sum.defined()) result.x = sum;
    return result;
  }
};

Tensor of_type(const Tensor& gradient, const at::IValue& type) {
  return gradient.defined() ? gradient.to(type.toScalarType()) : gradient;
}

struct ConvolutionFunction : torch::autograd::Function<ConvolutionFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& parameter, int64_t stride,
                        ConvolutionWays ways) {
    const Tensor weight = parameter.to(x.scalar_type());
    const Convolved convolved(x, weight, stride, ways);
    context->save_for_backward({x, weight});
    context->saved_data["convolved"] = convolved.kept();
    context->saved_data["type"] = parameter.scalar_type();
    return convolved.forward(x, weight);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Convolved convolved(saved[0], saved[1], context->saved_data["convolved"]);
    const auto [x, weight] = convolved.gradients(gradients[0], saved[0], saved[1], context->needs_input_grad(0),
                                                 context->needs_input_grad(1));
    return {x, of_type(weight, context->saved_data["type"]), Tensor(), Tensor()};
  }
};

// `gradient` in x's memory format, for this function to write to: itself where nobody else holds it.
Tensor owned(const Tensor& gradient, const Tensor& x) {
  const auto format = x.suggest_memory_format();
  const bool alone = gradient.use_count() == 1 && gradient.storage().use_count() == 1;
  return alone && gradient.is_contiguous(format) ? gradient : gradient.clone(format);
}

struct BranchFunction : torch::autograd::Function<BranchFunction> {
  static variable_list forward(AutogradContext* context, const Tensor& x, const Tensor& main_parameter,
                               const std::optional<Tensor>& side_parameter, int64_t main_stride, int64_t side_stride,
                               ConvolutionWays main_ways, ConvolutionWays side_ways) {
    const Tensor weight = main_parameter.to(x.scalar_type());
    const Convolved main(x, weight, main_stride, main_ways);
    context->saved_data["type"] = main_parameter.scalar_type();
    context->saved_data["main"] = main.kept();
    if (!side_parameter) {
      context->save_for_backward({x, weight});
      return {main.forward(x, weight), x};
    }
    const Tensor side_weight = side_parameter->to(x.scalar_type());
    const Convolved side(x, side_weight, side_stride, side_ways);
    context->save_for_backward({x, weight, side_weight});
    context->saved_data["side"] = side.kept();
    return {main.forward(x, weight), side.forward(x, side_weight)};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const Tensor &x = saved[0], &weight = saved[1];
    const Convolved main(x, weight, context->saved_data["main"]);
    const bool of_x = context->needs_input_grad(0), of_weight = context->needs_input_grad(1);
    const at::IValue& type = context->saved_data["type"];
    Convolved::Gradients of_main, of_side;
    if (saved.size() == 2) {
      of_main = main.gradients(gradients[0], x, weight, of_x, of_weight, of_x ? owned(gradients[1], x) : Tensor());
      of_side.x = of_main.x;
    } else {
      const Convolved side(x, saved[2], context->saved_data["side"]);
      of_main = main.gradients(gradients[0], x, weight, of_x, of_weight);
      const Tensor sum = of_x ? of_main.x.contiguous(x.suggest_memory_format()) : Tensor();
      of_side = side.gradients(gradients[1], x, saved[2], of_x, context->needs_input_grad(2), sum);
    }
    return {of_side.x, of_type(of_main.weight, type), of_type(of_side.weight, type), Tensor(), Tensor(), Tensor(),
            Tensor()};
  }
};

// x as the convolution sees it.
Tensor cast(const Tensor& x) {
  if (!at::autocast::is_autocast_enabled(x.device().type()) || x.scalar_type() == at::kDouble) return x;
  return x.to(at::autocast::get_autocast_dtype(x.device().type()));
}

// `numbers` as cast() gives them.
ConvolutionWays ways_for(const Tensor& numbers, const Tensor& weight, int64_t stride) {
  const ConvolutionShape shape = shape_of(numbers, weight, stride);
  // Of maps whatever their memory: the library's gradient of a strided kernel on one pixel, in bfloat16, is partly
  // memory that nobody wrote (libtorch 2.15, AVX-512).
  const bool by_rule =
      numbers.is_cpu() && (shape.is_of_maps() || numbers.is_contiguous(at::MemoryFormat::ChannelsLast));
  return by_rule ? fastest_ways(shape, numbers.element_size(), products_here()) : ConvolutionWays();
}

void check_shapes(const Tensor& x, const Tensor& weight, int64_t stride, ConvolutionWays ways) {
  TORCH_CHECK(x.dim() == 4 && weight.dim() == 4 && x.size(1) == weight.size(1) && weight.size(2) == weight.size(3) &&
                  weight.size(2) % 2 == 1 && stride >= 1,
              "[convolution] expected x (N, C, H, W) and an odd square kernel (out, C, k, k), got ", x.sizes(), " and ",
              weight.sizes(), ", stride ", stride);
  const ConvolutionShape shape = shape_of(x, weight, stride);
  TORCH_CHECK(!ways.input_gradient || shape.has_product_of_input_gradient(),
              "[convolution] the input's gradient has no product for x ", x.sizes(), " and a kernel ", weight.sizes());
}

}  // namespace

int64_t ConvolutionShape::output_height() const { return (height - 1) / stride + 1; }
int64_t ConvolutionShape::output_width() const { return (width - 1) / stride + 1; }
int64_t ConvolutionShape::output_pixels() const { return output_height() * output_width(); }

bool ConvolutionShape::is_of_maps() const {
  const int64_t reach = kernel / 2;
  return std::max(height, width) - 1 <= reach && (std::max(output_height(), output_width()) - 1) * stride <= reach;
}

bool ConvolutionShape::has_product_of_input_gradient() const { return is_of_pixels() || is_of_maps() || stride == 1; }

Products products_here() {
  static const Products here = at::cpu::init_amx() ? Products::kMatrixUnits : Products::kPlain;
  return here;
}

int64_t convolution_rule(bool bfloat16, Products products) {
  return bfloat16 && products == Products::kMatrixUnits ? 3 : 2;
}

namespace {

// From seconds of every shape of the ResNets at 32 and 224 pixels (Intel Xeon of the fifth generation, oneDNN 3.13):
// with matrix units the library's convolution is at the rate of products on large maps with few channels alone.
ConvolutionWays fastest_with_matrix_units(const ConvolutionShape& shape) {
  if (shape.is_of_pixels()) return {true, true, true};
  const int64_t pixels = shape.output_pixels();
  const bool strided = shape.stride > 1;
  const bool deep = shape.in >= 256;
  return {deep && pixels <= (strided ? 49 : 16),
          !strided && deep && (pixels <= 16 || (pixels <= 49 && shape.in >= 512)), (strided || deep) && pixels <= 196};
}

}  // namespace

// From seconds of a core for every shape of the ResNets at 32 and 224 pixels (AMD Zen 4, oneDNN 3.13, MKL 2024). The
// library's convolution is at the rate of products on large maps and far from it on small ones, most so the gradients
// of kernels that leave pixels out; in float32 its forward is ahead for longer.
ConvolutionWays fastest_ways(const ConvolutionShape& shape, int64_t bytes, Products products) {
  if (shape.is_of_maps()) return {true, true, true};
  const int64_t pixels = shape.output_pixels();
  const bool strided = shape.stride > 1, half = bytes == 2;
  if (half && products == Products::kMatrixUnits) return fastest_with_matrix_units(shape);
  if (shape.is_of_pixels()) {
    const bool small = pixels <= (half ? 196 : strided ? 64 : 16);
    return {small, small || (half && strided), small || (pixels <= 196 && shape.in >= 64)};
  }
  const int64_t wide = half ? 1 : 256;
  return {false, false, (strided && pixels <= 196 && shape.in >= wide) || (pixels <= 49 && shape.in >= 512)};
}

Tensor convolution(const Tensor& x, const Tensor& weight, int64_t stride) {
  const Tensor numbers = cast(x);
  return convolution(numbers, weight, stride, ways_for(numbers, weight, stride));
}

Tensor convolution(const Tensor& x, const Tensor& weight, int64_t stride, ConvolutionWays ways) {
  const Tensor numbers = cast(x);
  check_shapes(numbers, weight, stride, ways);
  return ConvolutionFunction::apply(numbers, weight, stride, ways);
}

Branches branched(const Tensor& x, const ConvolutionImpl& main, const ConvolutionImpl* side) {
  const Tensor numbers = cast(x);
  const auto ways_of = [&](const ConvolutionImpl& module) {
    const ConvolutionWays ways = ways_for(numbers, module.weight, module.stride());
    check_shapes(numbers, module.weight, module.stride(), ways);
    return ways;
  };
  const variable_list both =
      BranchFunction::apply(numbers, main.weight, side ? std::optional(side->weight) : std::nullopt, main.stride(),
                            side ? side->stride() : 1, ways_of(main), side ? ways_of(*side) : ConvolutionWays());
  return {both[0], both[1]};
}

ConvolutionImpl::ConvolutionImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride) : stride_(stride) {
  const double bound = 1 / std::sqrt(static_cast<double>(in * kernel * kernel));
  weight = register_parameter("weight", torch::empty({out, in, kernel, kernel}).uniform_(-bound, bound));
}

}  // namespace directclr::model
