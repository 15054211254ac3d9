#include "directclr/train/agreement.h"

#include <torch/types.h>

#include <cmath>

namespace directclr::train {

StepTotals sum_over_ranks(const StepTotals& mine, const distributed::ProcessGroup& group) {
  torch::Tensor sums = torch::tensor({mine.loss, static_cast<double>(mine.right)}, torch::kDouble);
  group.all_reduce_(sums);
  const double* const values = sums.data_ptr<double>();
  return {values[0], std::llround(values[1])};
}

StopReasons agree_on_stop(const StopReasons& mine, const distributed::ProcessGroup& group) {
  const auto vote = [](bool yes) { return yes ? 1.0 : 0.0; };
  torch::Tensor votes = torch::tensor({vote(mine.signal), vote(mine.collapse), vote(mine.callback)}, torch::kDouble);
  group.all_reduce_(votes);
  const double* const values = votes.data_ptr<double>();
  return {values[0] > 0, values[1] > 0, values[2] > 0};
}

}  // namespace directclr::train
