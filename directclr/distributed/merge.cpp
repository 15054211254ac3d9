#include "directclr/distributed/merge.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

#include "directclr/core/json.h"
#include "directclr/tensor/arrays.h"

namespace directclr::distributed {

void merge(spectrum::FeatureMoments& moments, const ProcessGroup& group) {
  if (group.world_size() == 1) return;
  const at::NoGradGuard no_grad;
  auto sums = moments.sums();  // whose arrays the tensors below share
  at::Tensor mean = tensor::tensor_of(sums.covariance.mean), scatter = tensor::tensor_of(sums.covariance.scatter);
  const auto count = static_cast<double>(sums.covariance.count);
  const at::Tensor own = at::cat({at::full({1}, count, mean.options()), mean}).unsqueeze(0);
  const at::Tensor all = group.all_gather_rows(own, group.world_size());  // (R, 1 + D)
  const at::Tensor counts = all.narrow(1, 0, 1), means = all.narrow(1, 1, mean.size(0));
  const at::Tensor total = counts.sum(), common = (counts * means).sum(0) / total;
  // Each scatter matrix about the common mean; then they add up.
  const at::Tensor shift = mean - common;
  scatter.addr_(shift, shift, 1, count);
  group.all_reduce_(scatter);
  mean.copy_(common);
  sums.covariance.count = static_cast<int64_t>(total.item<double>());
  at::Tensor unit_sum = tensor::tensor_of(sums.unit_sum), unit_squares = tensor::tensor_of(sums.unit_squares);
  group.all_reduce_(unit_sum);
  group.all_reduce_(unit_squares);
  sums.skipped = static_cast<int64_t>(group.all_reduce(static_cast<double>(sums.skipped)));
  moments.restore(sums);
}

std::vector<int64_t> joined(const std::vector<int64_t>& numbers, size_t most, const ProcessGroup& group) {
  std::vector<int64_t> all;
  for (const auto& text : group.all_gather_text(Json(numbers).dump())) {
    for (const int64_t number : Json::parse(text).get<std::vector<int64_t>>()) {
      if (all.size() < most) all.push_back(number);
    }
  }
  return all;
}

}  // namespace directclr::distributed
