#pragma once

#include <ATen/core/Tensor.h>

#include "directclr/distributed/process_group.h"
#include "directclr/settings/loss_settings.h"

namespace directclr::loss {

/// Alignment and uniformity (Wang and Isola 2020), with a_i, b_i the rows divided by their lengths:
///   L = w_a mean_i |a_i - b_i|^2 + w_u (U(a) + U(b)) / 2,   U(x) = log mean_{i != j} exp(-t |x_i - x_j|^2)
/// w_a, w_u and t are the settings' align_weight, uniform_weight and uniform_t. Never holds the (N, N) distances.
/// Requirements, result, processes and errors as info_nce, and a batch of at least two rows.
at::Tensor alignment_uniformity(const at::Tensor& z_a, const at::Tensor& z_b, const settings::LossSettings& settings,
                                const distributed::Rows& rows = {});

}  // namespace directclr::loss
