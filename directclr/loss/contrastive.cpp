#include "directclr/loss/contrastive.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/eye.h>

#include <limits>

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

void check(const char* name, const at::Tensor& z_a, const at::Tensor& z_b, double tau) {
  TORCH_CHECK(z_a.dim() == 2 && z_a.sizes() == z_b.sizes() && z_a.size(0) >= 1, "[", name,
              "] expected two (N >= 1, P) matrices of one shape, got ", z_a.sizes(), " and ", z_b.sizes());
  TORCH_CHECK(tau > 0, "[", name, "] expected tau > 0, got ", tau);
}

}  // namespace

at::Tensor info_nce(const at::Tensor& z_a, const at::Tensor& z_b, double tau) {
  check("info_nce", z_a, z_b, tau);
  const NoAutocast guard(z_a.device().type());
  const at::Tensor similarity = normalized(z_a).mm(normalized(z_b).t()) / tau;  // (N, N)
  const at::Tensor target = at::arange(z_a.size(0), similarity.options().dtype(at::kLong));
  return (at::cross_entropy_loss(similarity, target) + at::cross_entropy_loss(similarity.t(), target)) / 2;
}

at::Tensor nt_xent(const at::Tensor& z_a, const at::Tensor& z_b, double tau) {
  check("nt_xent", z_a, z_b, tau);
  const NoAutocast guard(z_a.device().type());
  const int64_t n = z_a.size(0);
  const at::Tensor z = at::cat({normalized(z_a), normalized(z_b)});  // (2N, P)
  at::Tensor similarity = z.mm(z.t()) / tau;                         // (2N, 2N)
  const at::Tensor self = at::eye(2 * n, similarity.options().dtype(at::kBool));
  similarity = similarity.masked_fill(self, -std::numeric_limits<double>::infinity());
  const at::Tensor target = at::arange(2 * n, similarity.options().dtype(at::kLong)).roll(n);
  return at::cross_entropy_loss(similarity, target);
}

}  // namespace directclr::loss
