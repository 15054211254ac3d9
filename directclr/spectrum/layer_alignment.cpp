#include "directclr/spectrum/layer_alignment.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_svd.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "directclr/spectrum/spectrum.h"

namespace directclr::spectrum {

bool has_distinct_values(const std::vector<double>& values) {
  if (values.empty() || values[0] <= 0) return false;
  const double gap = 1e-6 * values[0];
  size_t positive = 0;
  size_t apart = 0;
  for (size_t k = 0; k < values.size() && values[k] > gap; ++k) {
    ++positive;
    const bool from_last = k == 0 || values[k - 1] - values[k] > gap;
    const bool from_next = k + 1 == values.size() || values[k] - values[k + 1] > gap;
    if (from_last && from_next) ++apart;
  }
  return 2 * apart > positive;
}

LayerAlignment layer_alignment(const at::Tensor& first, const at::Tensor& second) {
  TORCH_CHECK(first.dim() == 2 && second.dim() == 2 && second.size(1) == first.size(0),
              "[layer_alignment] expected (m, n) and (p, m), got ", first.sizes(), " and ", second.sizes());
  const at::NoGradGuard no_grad;
  const auto [u1, s1, vh1] = at::linalg_svd(first.detach().cpu().to(at::kDouble), false);
  const auto [u2, s2, vh2] = at::linalg_svd(second.detach().cpu().to(at::kDouble), false);
  LayerAlignment result;
  result.matrix = vh2.mm(u1).abs();
  result.first = values_of(s1);
  result.second = values_of(s2);
  const int64_t pairs = std::min(result.matrix.size(0), result.matrix.size(1));
  const at::Tensor diagonal = result.matrix.diagonal();
  result.leading_diagonal = diagonal.slice(0, 0, std::max<int64_t>(1, pairs / 4)).mean().item<double>();
  const auto others = static_cast<double>(result.matrix.numel() - pairs);
  if (others > 0) {
    result.off_diagonal = (result.matrix.sum() - diagonal.sum()).item<double>() / others;
  }
  result.chance = std::sqrt(2 / (std::numbers::pi * static_cast<double>(first.size(0))));
  result.distinct = has_distinct_values(result.first) && has_distinct_values(result.second);
  return result;
}

}  // namespace directclr::spectrum
