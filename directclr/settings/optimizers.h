#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/core/table.h"

namespace directclr::settings {

/// What settings and plans know of an update rule. The rule itself stands under the same name in
/// optim::optimizer_makers().
struct OptimizerKind {
  std::string name;
  std::string help;
  double base_lr;                 ///< default peak learning rate for a batch of 256
  double weight_decay;            ///< default
  int64_t numbers_a_parameter;    ///< that it keeps from step to step: momentum, second moments
  std::vector<std::string> uses;  ///< which settings of some of the rules change its step
};

/// Every `--optimizer`.
const Table<OptimizerKind>& optimizers();

}  // namespace directclr::settings
