#include "directclr/train/agreement.h"

#include <torch/types.h>

namespace directclr::train {

StopReasons agree_on_stop(const StopReasons& mine, const distributed::ProcessGroup& group) {
  const auto vote = [](bool yes) { return yes ? 1.0 : 0.0; };
  torch::Tensor votes = torch::tensor({vote(mine.signal), vote(mine.collapse), vote(mine.callback)}, torch::kDouble);
  group.all_reduce_(votes);
  const double* const values = votes.data_ptr<double>();
  return {values[0] > 0, values[1] > 0, values[2] > 0};
}

}  // namespace directclr::train
