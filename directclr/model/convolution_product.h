#pragma once

#include <ATen/core/Tensor.h>

#include "directclr/model/convolution.h"

namespace directclr::model {

/// A convolution as one product: y (M, P) = x (M, K) w (P, K)^T. M, K and P are pixels, Cin and Cout for kernels of one
/// pixel, images, H W Cin and H' W' Cout for small maps, and pixels, k k Cin and Cout for all others, whose patches of
/// k x k pixels are written out. Tensors are those of at::convolution, padded by k / 2, all of one type; channels-last
/// memory is not copied otherwise.
class ConvolutionProduct {
 public:
  explicit ConvolutionProduct(const ConvolutionShape& shape);

  at::Tensor forward(const at::Tensor& x, const at::Tensor& weight) const;
  /// Requires ConvolutionShape::has_product_of_input_gradient, as the next one does.
  at::Tensor input_gradient(const at::Tensor& grad_y, const at::Tensor& weight) const;
  /// The same, added to what stands in grad_x (N, Cin, H, W).
  void add_input_gradient(const at::Tensor& grad_y, const at::Tensor& weight, const at::Tensor& grad_x) const;
  /// (Cout, Cin, k, k) of the numbers' type, or of float32 where a tap's gradient is a sum of several products'.
  at::Tensor weight_gradient(const at::Tensor& grad_y, const at::Tensor& x) const;

 private:
  at::Tensor seen(const at::Tensor& pixels) const;
  at::Tensor rows(const at::Tensor& x) const;
  at::Tensor output_rows(const at::Tensor& y) const;
  at::Tensor patches(const at::Tensor& pixels) const;
  at::Tensor matrix(const at::Tensor& weight) const;
  at::Tensor seen_from_input(const at::Tensor& grad_y) const;
  at::Tensor input_matrix(const at::Tensor& weight) const;
  at::Tensor taps_seen() const;

  ConvolutionShape s_;
  int64_t height_, width_;  // of the output
};

}  // namespace directclr::model
