#include "directclr/spectrum/similarity.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_eigh.h>

#include <cmath>
#include <limits>

#include "directclr/spectrum/spectrum.h"

namespace directclr::spectrum {
namespace {

using at::Tensor;

Tensor centred(const Tensor& rows) {
  const Tensor wide = rows.detach().cpu().to(at::kDouble);
  return wide - wide.mean(0);
}

// |Y^T X|_F^2, and its unbiased form.
LinearCka squared_norms(const Tensor& x, const Tensor& y) {
  const double plain = y.t().mm(x).square().sum().item<double>();
  const auto n = static_cast<double>(x.size(0));
  const Tensor a = x.square().sum(1), b = y.square().sum(1);
  const double debiased = plain - n / (n - 2) * (a * b).sum().item<double>() +
                          a.sum().item<double>() * b.sum().item<double>() / ((n - 1) * (n - 2));
  return {plain, debiased};
}

}  // namespace

LinearCka linear_cka(const Tensor& x, const Tensor& y) {
  TORCH_CHECK(x.dim() == 2 && y.dim() == 2 && x.size(0) == y.size(0) && x.size(0) >= 2,
              "[linear_cka] expected (N >= 2, D) and (N, E), got ", x.sizes(), " and ", y.sizes());
  const at::NoGradGuard no_grad;
  const Tensor a = centred(x), b = centred(y);
  const LinearCka xy = squared_norms(a, b), xx = squared_norms(a, a), yy = squared_norms(b, b);
  LinearCka result{xy.plain / std::sqrt(xx.plain * yy.plain), std::numeric_limits<double>::quiet_NaN()};
  if (x.size(0) >= 4) result.debiased = xy.debiased / std::sqrt(xx.debiased * yy.debiased);
  return result;
}

double lidar(const Tensor& rows, int64_t views, double delta) {
  TORCH_CHECK(rows.dim() == 2 && views >= 2 && rows.size(0) % views == 0 && rows.size(0) >= 2 * views,
              "[lidar] expected (n q, D) with q = ", views, " and n >= 2, got ", rows.sizes());
  const at::NoGradGuard no_grad;
  const int64_t n = rows.size(0) / views, d = rows.size(1);
  const Tensor grouped = rows.detach().cpu().to(at::kDouble).view({n, views, d});
  const Tensor means = grouped.mean(1);
  const Tensor between_rows = means - means.mean(0);
  const Tensor within_rows = (grouped - means.unsqueeze(1)).view({n * views, d});
  const Tensor between = between_rows.t().mm(between_rows) / static_cast<double>(n - 1);
  const Tensor within =
      within_rows.t().mm(within_rows) / static_cast<double>(n * (views - 1)) + delta * at::eye(d, at::kDouble);
  const auto [values, vectors] = at::linalg_eigh(within);
  const Tensor whitening = (vectors / values.sqrt()).mm(vectors.t());
  return effective_rank(covariance_spectrum(whitening.mm(between).mm(whitening)));
}

}  // namespace directclr::spectrum
