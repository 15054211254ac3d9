#include "directclr/loss/contrastive.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/softplus.h>

#include "directclr/loss/pair_log_sums.h"

namespace directclr::loss {
namespace {

// Similarities and logarithms lose too much in bf16: while one of these lives, autocast is off.
class NoAutocast {
 public:
  explicit NoAutocast(at::DeviceType device) : device_(device), was_on_(at::autocast::is_autocast_enabled(device)) {
    if (was_on_) at::autocast::set_autocast_enabled(device_, false);
  }
  ~NoAutocast() {
    if (was_on_) at::autocast::set_autocast_enabled(device_, true);
  }
  NoAutocast(const NoAutocast&) = delete;
  NoAutocast& operator=(const NoAutocast&) = delete;

 private:
  at::DeviceType device_;
  bool was_on_;
};

at::Tensor normalized(const at::Tensor& z) {
  const at::Tensor wide = z.scalar_type() == at::kDouble ? z : z.to(at::kFloat);
  return wide / wide.norm(2, {1}, true).clamp_min(1e-12);
}

// s_ii (N) float64.
at::Tensor positives(const at::Tensor& a, const at::Tensor& b, double tau) {
  return (a.to(at::kDouble) * b.to(at::kDouble)).sum(1) / tau;
}

// Sum of -log softmax at the positive, from the negatives' log-sums: log(1 + e^{negatives - positive}), whose value and
// gradient are numerically stable when the positive dominates.
at::Tensor softmax_loss(const at::Tensor& negatives, const at::Tensor& positive) {
  return at::softplus(negatives - positive, 1, 40).sum();
}

int64_t batch_of(const at::Tensor& z, const distributed::Rows& rows) {
  return rows.group.world_size() == 1 ? z.size(0) : rows.total;
}

void check(const char* name, const at::Tensor& z_a, const at::Tensor& z_b, double tau) {
  TORCH_CHECK(z_a.dim() == 2 && z_a.sizes() == z_b.sizes() && z_a.size(0) >= 1, "[", name,
              "] expected two (N >= 1, P) matrices of one shape, got ", z_a.sizes(), " and ", z_b.sizes());
  TORCH_CHECK(tau > 0, "[", name, "] expected tau > 0, got ", tau);
}

// A loss whose only setting is the temperature.
template <at::Tensor (*function)(const at::Tensor&, const at::Tensor&, double tau, const distributed::Rows&)>
at::Tensor with_tau(const at::Tensor& z_a, const at::Tensor& z_b, const settings::LossSettings& settings,
                    const distributed::Rows& rows) {
  return function(z_a, z_b, settings.tau, rows);
}

}  // namespace

at::Tensor info_nce(const at::Tensor& z_a, const at::Tensor& z_b, double tau, const distributed::Rows& rows) {
  check("info_nce", z_a, z_b, tau);
  const NoAutocast guard(z_a.device().type());
  const at::Tensor a = normalized(z_a), b = normalized(z_b);
  const int64_t count = batch_of(z_a, rows);
  if (count == 1) return (a * b).sum() * 0;  // no negatives: exactly 0, with gradients of 0
  const PairLogSums negatives = pair_log_sums(a, b, tau, true, rows);
  const at::Tensor s_ii = positives(a, b, tau);
  return (softmax_loss(negatives.rows, s_ii) + softmax_loss(negatives.columns, s_ii))
      .div(2 * count)
      .to(a.scalar_type());
}

at::Tensor nt_xent(const at::Tensor& z_a, const at::Tensor& z_b, double tau, const distributed::Rows& rows) {
  check("nt_xent", z_a, z_b, tau);
  const NoAutocast guard(z_a.device().type());
  const at::Tensor a = normalized(z_a), b = normalized(z_b);
  const int64_t count = batch_of(z_a, rows);
  if (count == 1) return (a * b).sum() * 0;
  const PairLogSums between = pair_log_sums(a, b, tau, true, rows);
  const at::Tensor among_a = pair_log_sums(a, a, tau, true, rows).rows,
                   among_b = pair_log_sums(b, b, tau, true, rows).rows;
  const at::Tensor s_ii = positives(a, b, tau);
  return (softmax_loss(at::logaddexp(among_a, between.rows), s_ii) +
          softmax_loss(at::logaddexp(among_b, between.columns), s_ii))
      .div(2 * count)
      .to(a.scalar_type());
}

const Table<NamedLoss>& loss_functions() {
  static const Table<NamedLoss> table{
      "--loss",
      {
          {"infonce", with_tau<info_nce>},
          {"ntxent", with_tau<nt_xent>},
      },
  };
  return table;
}

const LossFunction& loss_function(const std::string& name) { return loss_functions().at(name).function; }

}  // namespace directclr::loss
