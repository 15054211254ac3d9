#pragma once

#include <ATen/core/Tensor.h>

#include "directclr/distributed/process_group.h"

namespace directclr::loss {

/// 1 GiB: the default of --similarity-memory.
constexpr double kDefaultKeptBytes = 1 << 30;

/// Log-sums of all pairs' similarities s_ij = x_i . y_j / tau, by rows and by columns.
struct PairLogSums {
  at::Tensor rows;     // (N) float64: log sum_j e^{s_ij}
  at::Tensor columns;  // (M) float64: log sum_i e^{s_ij}
};

/// The part of a contrastive loss that is quadratic in the batch, differentiable. The N x M matrix is made in tiles.
/// When they fit in `kept_bytes`, the backward finds them there; otherwise none is held, and they are made again. Both
/// give the same bits. On the CPU in float32 each pair costs one exponential, which serves its row and its column: the
/// similarities of unit vectors are at most 1 / tau, so a constant can take the place of the running maximum as long as
/// tau >= 0.025 (below that, and for other types and devices, log-sums are kept exactly).
/// Requires: x (N, P) and y (M, P) of one floating type and device, rows no longer than 1 (up to rounding); tau > 0;
///           with without_diagonal, N = M >= 2 and the pairs i = j do not count. Off under autocast: pass float32.
/// Returns:  float64 log-sums with gradients to x and y.
///
/// Spread over processes, each passes its own rows of x and y (N = M = rows.total in all) and gets its own log-sums,
/// over all processes' rows. A process computes its rows of the matrix alone: y is gathered and its gradient summed and
/// shared out again; of the columns only the N log-sums travel. N x N / R pairs a process, each of them once.
/// Throws:   c10::Error naming the shapes.
/// Cost:     one N x M x P product forward, and two backward, or three beyond kept_bytes; memory for one tile a thread
///           and one (M, P) a thread, besides what is kept: 4 N M bytes, 8 N M where log-sums are kept in float64.
PairLogSums pair_log_sums(const at::Tensor& x, const at::Tensor& y, double tau, bool without_diagonal = false,
                          const distributed::Rows& rows = {}, double kept_bytes = kDefaultKeptBytes);

}  // namespace directclr::loss
