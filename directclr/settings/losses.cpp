#include "directclr/settings/losses.h"

namespace directclr::settings {

const Table<LossKind>& losses() {
  static const Table<LossKind> table{
      "--loss",
      {
          {.name = "infonce",
           .help = "negatives are the N-1 other images of the other view (the paper)",
           .source = "van den Oord, Li and Vinyals 2018",
           .similarity_matrices = 1},
          {.name = "ntxent",
           .help = "SimCLR's 2N-2 negatives",
           .source = "Chen, Kornblith, Norouzi and Hinton 2020",
           .similarity_matrices = 3},
          {.name = "spectral",
           .help = "the squared similarities of the N-1 other images of the other view in place of a softmax, rows of "
                   "length 1 / sqrt(tau)",
           .source = "HaoChen, Wei, Gaidon and Ma 2021",
           .moment_matrices = 2},
      },
  };
  return table;
}

}  // namespace directclr::settings
