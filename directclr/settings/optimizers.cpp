#include "directclr/settings/optimizers.h"

namespace directclr::settings {

const Table<OptimizerKind>& optimizers() {
  static const Table<OptimizerKind> table{
      "--optimizer",
      {
          {.name = "lars",
           .help = "SGD with momentum and a trust ratio for each layer",
           .base_lr = 0.3,
           .weight_decay = 1e-6,
           .numbers_a_parameter = 1,
           .uses = {"momentum", "lars_eta"}},
          {.name = "sgd",
           .help = "SGD with momentum",
           .base_lr = 0.03,
           .weight_decay = 1e-4,
           .numbers_a_parameter = 1,
           .uses = {"momentum"}},
          {.name = "adamw",
           .help = "Adam with decoupled weight decay",
           .base_lr = 0.001,
           .weight_decay = 0.01,
           .numbers_a_parameter = 2,
           .uses = {}},
      },
  };
  return table;
}

}  // namespace directclr::settings
