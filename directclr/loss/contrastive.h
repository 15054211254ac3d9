#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

#include "directclr/core/table.h"
#include "directclr/distributed/process_group.h"
#include "directclr/loss/pair_log_sums.h"
#include "directclr/settings/loss_settings.h"

namespace directclr::loss {

/// InfoNCE between two views, both directions averaged (the paper's training loss).
/// Math:     with a_i, b_i the rows divided by their lengths and s_ij = a_i . b_j / tau,
///           L = -(1/2N) sum_i [ log softmax_j(s_ij)_i + log softmax_j(s_ji)_i ]: one positive, N-1 negatives from the
///           other view. 0 for N = 1.
/// Requires: z_a, z_b (N, P) of one floating type and device, N >= 1, tau > 0. A zero row counts as the zero vector.
/// Cost:     holds the (N, N) similarities until the backward when they fit in kept_bytes, else never, for the same
///           bits: see pair_log_sums.h.
/// Returns:  scalar, float32 (float64 for float64 input); computed in that type also under autocast.
/// Throws:   c10::Error naming the shapes received.
///
/// Spread over processes: each passes its own rows (rows.group.share(rows.total) of the batch) and gets its part of the
/// loss, the terms of its rows; the parts' sum is the loss of the whole batch, and the gradient on its own rows is the
/// whole one, that of the other processes' terms too.
at::Tensor info_nce(const at::Tensor& z_a, const at::Tensor& z_b, double tau, const distributed::Rows& rows = {},
                    double kept_bytes = kDefaultKeptBytes);

/// NT-Xent (SimCLR): each of the 2N rows against its other view and the 2N-2 rows of other images, from both views.
/// Requirements, result, processes and errors as info_nce; kept_bytes are for its three matrices together.
at::Tensor nt_xent(const at::Tensor& z_a, const at::Tensor& z_b, double tau, const distributed::Rows& rows = {},
                   double kept_bytes = kDefaultKeptBytes);

/// A loss between two views as training takes it: z_a, z_b (N, P), its settings, and which rows these are of a batch
/// that is spread over processes. Requirements, result, processes and errors as info_nce.
using LossFunction = std::function<at::Tensor(const at::Tensor& z_a, const at::Tensor& z_b,
                                              const settings::LossSettings& settings, const distributed::Rows& rows)>;
/// An entry of loss_functions().
struct NamedLoss {
  std::string name;
  LossFunction function;
};

/// Every loss, under its name in settings::losses().
const Table<NamedLoss>& loss_functions();

/// The loss that `--loss` names. Throws InputError when it is not known.
const LossFunction& loss_function(const std::string& name);

}  // namespace directclr::loss
