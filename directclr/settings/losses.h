#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "directclr/core/table.h"

namespace directclr::settings {

/// What settings, plans and documentation know of a loss between two views of N images, embeddings (N, P). The function
/// itself stands under the same name in loss::loss_functions().
struct LossKind {
  std::string name;
  std::string help;               ///< for --help and config.toml
  std::string source;             ///< the paper that it comes from
  std::vector<std::string> uses;  ///< which of the losses' settings change its value

  /// What a pair of views costs, forward and backward, when the rows are shared among processes. Similarities of all
  /// N x N rows: 6 P floating-point operations an entry, 8 P where they are not kept; one view's embeddings are
  /// gathered and their gradient is scattered back.
  int64_t similarity_matrices = 0;
  /// Second moments (P, P) over the N rows: 6 floating-point operations a row and entry; one matrix of that size is
  /// summed over the processes.
  int64_t moment_matrices = 0;
};

/// Every `--loss`.
const Table<LossKind>& losses();

}  // namespace directclr::settings
