#include "directclr/loss/alignment_uniformity.h"

#include <ATen/TensorOperators.h>

#include <cmath>

#include "directclr/loss/pair_log_sums.h"
#include "directclr/loss/parts.h"

namespace directclr::loss {
namespace {

// Of unit rows |x_i - x_j|^2 = 2 - 2 x_i . x_j: the sums over pairs are those of similarities at temperature 1 / (2 t).
// exp(log-sum - 2 t) is at most N - 1. Rows of zeros, which have no direction, are at distance 0 from each other and 1
// from the others: what exp(-2 t) of their products lacks is added.
at::Tensor uniformity(const at::Tensor& x, double t, double kept_bytes, double count, const distributed::Rows& rows) {
  const at::Tensor log_sums = pair_log_sums(x, x, 1 / (2 * t), true, rows, kept_bytes).rows;  // (N) float64
  const at::Tensor zeros = (x.detach() == 0).all(1).sum().to(at::kDouble);
  const at::Tensor sums = sum_over_processes(at::stack({(log_sums - 2 * t).exp().sum(), zeros}), rows);
  const at::Tensor m = sums[1].detach();
  const at::Tensor lacking =
      m * (m - 1) * (1 - std::exp(-2 * t)) + 2 * m * (count - m) * (std::exp(-t) - std::exp(-2 * t));
  return ((sums[0] + lacking) / (count * (count - 1))).log();
}

}  // namespace

at::Tensor alignment_uniformity(const at::Tensor& z_a, const at::Tensor& z_b, const settings::LossSettings& settings,
                                const distributed::Rows& rows) {
  check_views("alignment_uniformity", z_a, z_b, rows, 2);
  check_temperature("alignment_uniformity", settings.uniform_t);
  const NoAutocast guard(z_a.device().type());
  const at::Tensor a = unit_rows(z_a), b = unit_rows(z_b);
  const auto count = static_cast<double>(batch_of(z_a, rows));
  const at::Tensor alignment = (a - b).square().sum().to(at::kDouble) / count;
  const auto uniform = [&](const at::Tensor& x) {
    return uniformity(x, settings.uniform_t, kept_bytes(settings) / 2, count, rows);
  };
  // Every process has the whole of the uniformity: its part is an equal share.
  const double share = settings.uniform_weight / 2 / static_cast<double>(rows.group.world_size());
  return (alignment * settings.align_weight + (uniform(a) + uniform(b)) * share).to(a.scalar_type());
}

}  // namespace directclr::loss
