#include "directclr/train/loss_record.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>

namespace directclr::train {

LossRecord::LossRecord(c10::Device device, const distributed::ProcessGroup& group, double sum) : group_(group) {
  const auto options = at::TensorOptions(device).dtype(at::kDouble);
  last_ = at::zeros({2}, options);
  sum_ = at::full({1}, sum, options);
  not_finite_ = at::zeros({1}, options);
}

void LossRecord::add(int64_t step, const at::Tensor& loss, const at::Tensor& right) {
  const at::NoGradGuard no_grad;
  const at::Tensor mine = loss.detach().reshape({}).to(at::kDouble);
  last_ = at::stack({mine, right.defined() ? right.to(at::kDouble) : at::zeros_like(mine)});
  group_.all_reduce_(last_);
  const at::Tensor whole = last_.narrow(0, 0, 1);
  sum_ += whole;
  const at::Tensor first = not_finite_.eq(0).logical_and_(at::isfinite(whole).logical_not_());
  not_finite_ = at::where(first, static_cast<double>(step), not_finite_);
}

LossRecord::Reading LossRecord::read() const {
  const at::Tensor all = at::cat({last_, sum_, not_finite_}).cpu();
  const double* const values = all.const_data_ptr<double>();
  return {values[0], std::llround(values[1]), values[2], static_cast<int64_t>(values[3])};
}

void LossRecord::clear_sum() { sum_.zero_(); }

}  // namespace directclr::train
