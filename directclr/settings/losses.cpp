#include "directclr/settings/losses.h"

namespace directclr::settings {

const Table<LossKind>& losses() {
  static const Table<LossKind> table{
      "--loss",
      {
          {.name = "infonce",
           .help = "negatives are the N-1 other images of the other view (the paper)",
           .source = "van den Oord, Li and Vinyals 2018",
           .uses = {"tau"},
           .similarity_matrices = 1},
          {.name = "ntxent",
           .help = "SimCLR's 2N-2 negatives",
           .source = "Chen, Kornblith, Norouzi and Hinton 2020",
           .uses = {"tau"},
           .similarity_matrices = 3},
          {.name = "spectral",
           .help = "squared similarities to the N-1 other images of the other view instead of a softmax; rows are "
                   "scaled to "
                   "length 1 / sqrt(tau)",
           .source = "HaoChen, Wei, Gaidon and Ma 2021",
           .uses = {"tau"},
           .moment_matrices = 2},
          {.name = "align-uniform",
           .help =
               "squared distance of the two views, and logarithm of the mean Gaussian potential over pairs of images",
           .source = "Wang and Isola 2020",
           .uses = {"align_weight", "uniform_weight", "uniform_t"},
           .similarity_matrices = 2},
          {.name = "barlow-twins",
           .help = "correlations between the dimensions of the two views: 1 on the diagonal, 0 off it; no negatives",
           .source = "Zbontar, Jing, Misra, LeCun and Deny 2021",
           .uses = {"barlow_lambda"},
           .moment_matrices = 1},
          {.name = "vicreg",
           .help = "distance of the two views, standard deviations below 1 and covariances of dimensions; no negatives",
           .source = "Bardes, Ponce and LeCun 2022",
           .uses = {"vicreg_invariance", "vicreg_variance", "vicreg_covariance"},
           .moment_matrices = 2},
      },
  };
  return table;
}

}  // namespace directclr::settings
