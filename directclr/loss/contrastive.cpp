#include "directclr/loss/contrastive.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/softplus.h>
#include <torch/csrc/autograd/custom_function.h>

#include "directclr/distributed/saved_group.h"
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

// The sum over processes of a tensor that each has a part of. Every process's loss depends on the sum, so the gradients
// in it are summed too.
struct SumOverProcesses : torch::autograd::Function<SumOverProcesses> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& part,
                            const distributed::ProcessGroup& group) {
    context->saved_data["group"] = distributed::SavedGroup::of(group);
    at::Tensor sum = part.clone();
    group.all_reduce_(sum);
    return sum;
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    at::Tensor sum = gradients[0].clone(at::MemoryFormat::Contiguous);
    distributed::SavedGroup::from(context->saved_data["group"]).all_reduce_(sum);
    return {sum, at::Tensor()};
  }
};

// Spectral contrastive loss (HaoChen et al. 2021), the second mean over pairs of distinct images:
//   L = -2 mean_i s_ii + mean_{i != j} s_ij^2,   s_ij = a_i . b_j / tau
// The loss depends on the scale of z, and the authors bound its length by sqrt(mu); here every row is scaled to that
// length, with mu = 1 / tau. The squares need no N x N matrix: sum_ij (a_i . b_j)^2 = <A^T A, B^T B>.
at::Tensor spectral(const at::Tensor& z_a, const at::Tensor& z_b, double tau, const distributed::Rows& rows) {
  check("spectral", z_a, z_b, tau);
  const NoAutocast guard(z_a.device().type());
  const at::Tensor a = normalized(z_a), b = normalized(z_b);
  const auto count = static_cast<double>(batch_of(z_a, rows));
  const at::Tensor s_ii = positives(a, b, tau);
  const at::Tensor attraction = s_ii.sum() * (-2 / count);
  if (count == 1) return attraction.to(a.scalar_type());
  const at::Tensor moments_a = a.t().mm(a), moments_b = SumOverProcesses::apply(b.t().mm(b), rows.group);  // (P, P)
  const at::Tensor squares = (moments_a * moments_b).to(at::kDouble).sum() / (tau * tau);
  return (attraction + (squares - s_ii.square().sum()) / (count * (count - 1))).to(a.scalar_type());
}

constexpr double kGibibyte = 1 << 30;

// A loss over all pairs' similarities.
template <at::Tensor (*function)(const at::Tensor&, const at::Tensor&, double tau, const distributed::Rows&,
                                 double kept_bytes)>
at::Tensor of_similarities(const at::Tensor& z_a, const at::Tensor& z_b, const settings::LossSettings& settings,
                           const distributed::Rows& rows) {
  return function(z_a, z_b, settings.tau, rows, settings.similarity_memory * kGibibyte);
}

at::Tensor of_moments(const at::Tensor& z_a, const at::Tensor& z_b, const settings::LossSettings& settings,
                      const distributed::Rows& rows) {
  return spectral(z_a, z_b, settings.tau, rows);
}

}  // namespace

at::Tensor info_nce(const at::Tensor& z_a, const at::Tensor& z_b, double tau, const distributed::Rows& rows,
                    double kept_bytes) {
  check("info_nce", z_a, z_b, tau);
  const NoAutocast guard(z_a.device().type());
  const at::Tensor a = normalized(z_a), b = normalized(z_b);
  const int64_t count = batch_of(z_a, rows);
  if (count == 1) return (a * b).sum() * 0;  // no negatives: exactly 0, with gradients of 0
  const PairLogSums negatives = pair_log_sums(a, b, tau, true, rows, kept_bytes);
  const at::Tensor s_ii = positives(a, b, tau);
  return (softmax_loss(negatives.rows, s_ii) + softmax_loss(negatives.columns, s_ii))
      .div(2 * count)
      .to(a.scalar_type());
}

at::Tensor nt_xent(const at::Tensor& z_a, const at::Tensor& z_b, double tau, const distributed::Rows& rows,
                   double kept_bytes) {
  check("nt_xent", z_a, z_b, tau);
  const NoAutocast guard(z_a.device().type());
  const at::Tensor a = normalized(z_a), b = normalized(z_b);
  const int64_t count = batch_of(z_a, rows);
  if (count == 1) return (a * b).sum() * 0;
  const double each = kept_bytes / 3;
  const PairLogSums between = pair_log_sums(a, b, tau, true, rows, each);
  const at::Tensor among_a = pair_log_sums(a, a, tau, true, rows, each).rows,
                   among_b = pair_log_sums(b, b, tau, true, rows, each).rows;
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
          {"infonce", of_similarities<info_nce>},
          {"ntxent", of_similarities<nt_xent>},
          {"spectral", of_moments},
      },
  };
  return table;
}

const LossFunction& loss_function(const std::string& name) { return loss_functions().at(name).function; }

}  // namespace directclr::loss
