#include "directclr/loss/decorrelation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/relu.h>

#include "directclr/loss/parts.h"

namespace directclr::loss {
namespace {

constexpr double kBarlowEpsilon = 1e-5, kVicregEpsilon = 1e-4;

// Both views less the mean of the whole batch, and the sums of their squares over it.
struct Centred {
  at::Tensor a, b;                  // (N, P)
  at::Tensor squares_a, squares_b;  // (P)
};

Centred centred(const at::Tensor& z_a, const at::Tensor& z_b, const distributed::Rows& rows) {
  const auto both = [&](const at::Tensor& a, const at::Tensor& b) {
    return sum_over_processes(at::cat({a.sum(0), b.sum(0)}), rows).chunk(2);
  };
  const at::Tensor a = at_least_float(z_a), b = at_least_float(z_b);
  const auto count = static_cast<double>(batch_of(z_a, rows));
  const auto sums = both(a, b);
  Centred result{a - sums[0] / count, b - sums[1] / count, {}, {}};
  const auto squares = both(result.a.square(), result.b.square());
  result.squares_a = squares[0];
  result.squares_b = squares[1];
  return result;
}

at::Tensor off_diagonal_squares(const at::Tensor& matrix) {
  const at::Tensor wide = matrix.to(at::kDouble);
  return wide.square().sum() - wide.diagonal().square().sum();
}

}  // namespace

at::Tensor barlow_twins(const at::Tensor& z_a, const at::Tensor& z_b, const settings::LossSettings& settings,
                        const distributed::Rows& rows) {
  check_views("barlow_twins", z_a, z_b, rows, 2);
  const NoAutocast guard(z_a.device().type());
  const Centred z = centred(z_a, z_b, rows);
  const auto count = static_cast<double>(batch_of(z_a, rows));
  const at::Tensor a = z.a * (z.squares_a / count + kBarlowEpsilon).rsqrt();
  const at::Tensor b = z.b * (z.squares_b / count + kBarlowEpsilon).rsqrt();
  const at::Tensor correlation = sum_over_processes(a.t().mm(b), rows) / count;  // (P, P)
  const at::Tensor loss = (1 - correlation.diagonal().to(at::kDouble)).square().sum() +
                          off_diagonal_squares(correlation) * settings.barlow_lambda;
  // Every process has the whole loss: its part is an equal share.
  return (loss / rows.group.world_size()).to(a.scalar_type());
}

at::Tensor vicreg(const at::Tensor& z_a, const at::Tensor& z_b, const settings::LossSettings& settings,
                  const distributed::Rows& rows) {
  check_views("vicreg", z_a, z_b, rows, 2);
  const NoAutocast guard(z_a.device().type());
  const Centred z = centred(z_a, z_b, rows);
  const auto count = static_cast<double>(batch_of(z_a, rows));
  const auto width = static_cast<double>(z_a.size(1));
  const at::Tensor invariance =
      (at_least_float(z_a) - at_least_float(z_b)).square().sum().to(at::kDouble) / (count * width);
  const auto hinge = [&](const at::Tensor& squares) {
    return at::relu(1 - (squares.to(at::kDouble) / (count - 1) + kVicregEpsilon).sqrt()).mean();
  };
  const auto covariance = [&](const at::Tensor& x) {
    return off_diagonal_squares(sum_over_processes(x.t().mm(x), rows) / (count - 1)) / width;
  };
  const at::Tensor spread = (hinge(z.squares_a) + hinge(z.squares_b)) * (settings.vicreg_variance / 2) +
                            (covariance(z.a) + covariance(z.b)) * settings.vicreg_covariance;
  return (invariance * settings.vicreg_invariance + spread / rows.group.world_size()).to(z.a.scalar_type());
}

}  // namespace directclr::loss
