#include "directclr/model/convolution_product.h"

#include <ATen/ops/constant_pad_nd.h>
#include <torch/types.h>

#include <vector>

#include "directclr/tensor/product.h"

namespace directclr::model {
namespace {

using at::Tensor;
using tensor::product_with_transposed;

at::ScalarType sum_type(const Tensor& product) {
  return product.scalar_type() == at::kBFloat16 ? at::kFloat : product.scalar_type();
}

// (N, C, H, W) -> (N, H, W, C), contiguous; a view in channels-last memory.
Tensor pixels_of(const Tensor& maps) { return maps.permute({0, 2, 3, 1}).contiguous(); }
Tensor maps_of(const Tensor& pixels) { return pixels.permute({0, 3, 1, 2}); }

}  // namespace

ConvolutionProduct::ConvolutionProduct(const ConvolutionShape& shape)
    : s_(shape), height_(shape.output_height()), width_(shape.output_width()) {}

Tensor ConvolutionProduct::forward(const Tensor& x, const Tensor& weight) const {
  return maps_of(product_with_transposed(rows(x), matrix(weight)).view({x.size(0), height_, width_, s_.out}));
}

Tensor ConvolutionProduct::input_gradient(const Tensor& grad_y, const Tensor& weight) const {
  const Tensor product = product_with_transposed(seen_from_input(grad_y), input_matrix(weight));
  const int64_t images = grad_y.size(0);
  if (s_.is_of_maps() || s_.stride == 1) return maps_of(product.view({images, s_.height, s_.width, s_.in}));
  const Tensor grad_x = at::zeros({images, s_.height, s_.width, s_.in}, product.options());
  seen(grad_x).copy_(product.view({images, height_, width_, s_.in}));
  return maps_of(grad_x);
}

void ConvolutionProduct::add_input_gradient(const Tensor& grad_y, const Tensor& weight, const Tensor& grad_x) const {
  const Tensor pixels = grad_x.permute({0, 2, 3, 1});
  if (!pixels.is_contiguous()) {
    grad_x.add_(input_gradient(grad_y, weight));
    return;
  }
  const Tensor of_y = seen_from_input(grad_y), w = input_matrix(weight);
  if (s_.is_of_maps() || s_.stride == 1) {
    pixels.view({of_y.size(0), w.size(0)}).addmm_(of_y, w.t());
  } else {
    seen(pixels).add_(product_with_transposed(of_y, w).view({grad_x.size(0), height_, width_, s_.in}));
  }
}

Tensor ConvolutionProduct::weight_gradient(const Tensor& grad_y, const Tensor& x) const {
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

// Of x's pixels, those that a kernel of one pixel sees.
Tensor ConvolutionProduct::seen(const Tensor& pixels) const {
  return pixels.slice(1, 0, {}, s_.stride).slice(2, 0, {}, s_.stride);
}

Tensor ConvolutionProduct::rows(const Tensor& x) const {
  const Tensor pixels = pixels_of(x);
  if (s_.is_of_maps()) return pixels.view({x.size(0), -1});
  return s_.is_of_pixels() ? seen(pixels).reshape({-1, s_.in}) : patches(pixels);
}
Tensor ConvolutionProduct::output_rows(const Tensor& y) const {
  return pixels_of(y).view({s_.is_of_maps() ? y.size(0) : y.size(0) * height_ * width_, -1});
}

// Of y's gradient what an input pixel, or a map of them, had a part in. With stride 1 the outputs that see a pixel lie
// around it as the pixels that an output sees, the other way round.
Tensor ConvolutionProduct::seen_from_input(const Tensor& grad_y) const {
  return s_.is_of_pixels() || s_.is_of_maps() ? output_rows(grad_y) : patches(pixels_of(grad_y));
}

// What each output pixel sees of (N, H, W, C): (N H' W', k k C).
Tensor ConvolutionProduct::patches(const Tensor& pixels) const {
  const int64_t around = s_.kernel / 2, channels = pixels.size(3);
  const Tensor padded = at::constant_pad_nd(pixels, {0, 0, around, around, around, around});
  const auto step = padded.strides();
  return padded
      .as_strided({pixels.size(0), height_, width_, s_.kernel, s_.kernel, channels},
                  {step[0], step[1] * s_.stride, step[2] * s_.stride, step[1], step[2], 1})
      .reshape({-1, s_.kernel * s_.kernel * channels});
}

// (K, columns of seen_from_input)
Tensor ConvolutionProduct::input_matrix(const Tensor& weight) const {
  if (s_.is_of_pixels() || s_.is_of_maps()) return matrix(weight).t().contiguous();
  return weight.flip({2, 3}).permute({1, 2, 3, 0}).reshape({s_.in, s_.kernel * s_.kernel * s_.out});
}

// w (P, K)
Tensor ConvolutionProduct::matrix(const Tensor& weight) const {
  if (s_.is_of_pixels()) return weight.reshape({s_.out, s_.in});  // on a map of one pixel too
  if (!s_.is_of_maps()) return pixels_of(weight).view({s_.out, s_.kernel * s_.kernel * s_.in});
  const int64_t outputs = height_ * width_, inputs = s_.height * s_.width;
  return pixels_of(weight)
      .view({s_.out, s_.kernel * s_.kernel, s_.in})
      .index_select(1, taps_seen())
      .view({s_.out, outputs, inputs, s_.in})
      .transpose(0, 1)
      .reshape({outputs * s_.out, inputs * s_.in});
}

// Through which tap an output pixel sees an input pixel: (H' W' H W), outputs first.
Tensor ConvolutionProduct::taps_seen() const {
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

}  // namespace directclr::model
