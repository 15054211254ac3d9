#include "directclr/loss/parts.h"

#include <ATen/TensorOperators.h>
#include <torch/csrc/autograd/custom_function.h>

#include "directclr/distributed/saved_group.h"

namespace directclr::loss {
namespace {

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

}  // namespace

at::Tensor at_least_float(const at::Tensor& z) { return z.scalar_type() == at::kDouble ? z : z.to(at::kFloat); }

at::Tensor unit_rows(const at::Tensor& z) {
  const at::Tensor wide = at_least_float(z);
  return wide / wide.norm(2, {1}, true).clamp_min(1e-12);
}

double kept_bytes(const settings::LossSettings& settings) {
  constexpr double kGibibyte = 1 << 30;
  return settings.similarity_memory * kGibibyte;
}

int64_t batch_of(const at::Tensor& z, const distributed::Rows& rows) {
  return rows.group.world_size() == 1 ? z.size(0) : rows.total;
}

at::Tensor sum_over_processes(const at::Tensor& part, const distributed::Rows& rows) {
  return rows.group.world_size() == 1 ? part : SumOverProcesses::apply(part, rows.group);
}

void check_views(const char* loss, const at::Tensor& z_a, const at::Tensor& z_b, const distributed::Rows& rows,
                 int64_t least) {
  TORCH_CHECK(z_a.dim() == 2 && z_a.sizes() == z_b.sizes() && z_a.size(0) >= 1, "[", loss,
              "] expected two (N >= 1, P) matrices of one shape, got ", z_a.sizes(), " and ", z_b.sizes());
  TORCH_CHECK(batch_of(z_a, rows) >= least, "[", loss, "] expected a batch of at least ", least, " rows, got ",
              batch_of(z_a, rows));
}

void check_temperature(const char* loss, double tau) {
  TORCH_CHECK(tau > 0, "[", loss, "] expected tau > 0, got ", tau);
}

}  // namespace directclr::loss
