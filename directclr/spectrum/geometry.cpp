#include "directclr/spectrum/geometry.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/triu.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace directclr::spectrum {
namespace {

using at::Tensor;

Tensor unit(const Tensor& rows) {
  const Tensor wide = rows.detach().to(at::kDouble);
  return wide / wide.norm(2, {1}, true).clamp_min(1e-12);
}

}  // namespace

double alignment(const Tensor& a, const Tensor& b) {
  TORCH_CHECK(a.dim() == 2 && a.sizes() == b.sizes() && a.size(0) >= 1,
              "[alignment] expected two (N >= 1, D) matrices of one shape, got ", a.sizes(), " and ", b.sizes());
  const at::NoGradGuard no_grad;
  return (unit(a) - unit(b)).square().sum(1).mean().item<double>();
}

double uniformity(const Tensor& rows) {
  TORCH_CHECK(rows.dim() == 2, "[uniformity] expected (N, D), got ", rows.sizes());
  const at::NoGradGuard no_grad;
  const int64_t n = rows.size(0);
  if (n < 2) return std::numeric_limits<double>::quiet_NaN();
  // Products in float32 where the rows are no finer: their rounding, 1e-7 and of either sign, averages out over pairs.
  const Tensor x = unit(rows).to(rows.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
  constexpr int64_t kBlock = 1024;
  // |x - y|^2 = 2 - 2 x.y; exp(-2 |x - y|^2) >= e^-8: the plain sum neither overflows nor vanishes.
  double sum = 0;
  for (int64_t i = 0; i < n; i += kBlock) {
    const Tensor left = x.slice(0, i, i + kBlock);
    for (int64_t j = i; j < n; j += kBlock) {
      const Tensor potential = (left.mm(x.slice(0, j, j + kBlock).t()) * 4 - 4).exp();
      sum += (i == j ? potential.triu(1) : potential).sum(at::kDouble).item<double>();
    }
  }
  return std::log(sum / (0.5 * static_cast<double>(n) * static_cast<double>(n - 1)));
}

double lowest_uniformity(int64_t dimensions) {
  // log sum_k 4^k / (k! (D/2)_k) - 4, from E exp(-2 |x - y|^2) = e^-4 E exp(4 x.y).
  const double half = 0.5 * static_cast<double>(dimensions);
  double term = 1, sum = 1;
  for (int k = 1; k < 200 && term > 1e-18 * sum; ++k) {
    term *= 4 / (k * (half + k - 1));
    sum += term;
  }
  return std::log(sum) - 4;
}

}  // namespace directclr::spectrum
