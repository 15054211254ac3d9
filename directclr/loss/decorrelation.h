#pragma once

#include <ATen/core/Tensor.h>

#include "directclr/distributed/process_group.h"
#include "directclr/settings/loss_settings.h"

namespace directclr::loss {

// Losses without negatives: they keep the dimensions of z apart, not the images. Both see z at its own scale.

/// Barlow Twins (Zbontar, Jing, Misra, LeCun and Deny 2021), with C (P, P) the correlations over the batch between the
/// dimensions of the two views:
///   L = sum_k (1 - C_kk)^2 + lambda sum_{k != l} C_kl^2
/// lambda is the settings' barlow_lambda. 1e-5 is added to every variance, as the authors' batch norm does: a dimension
/// that never changes has the correlation 0. Requirements, result, processes and errors as info_nce, and a batch of at
/// least two rows.
at::Tensor barlow_twins(const at::Tensor& z_a, const at::Tensor& z_b, const settings::LossSettings& settings,
                        const distributed::Rows& rows = {});

/// VICReg (Bardes, Ponce and LeCun 2022):
///   L = w_i mean_{i, k} (a_ik - b_ik)^2 + w_v (V(a) + V(b)) / 2 + w_c (C(a) + C(b))
///   V(x) = mean_k max(0, 1 - sqrt(Var(x_k) + 1e-4)),   C(x) = (1/P) sum_{k != l} Cov(x)_kl^2
/// Variances and covariances divide by N - 1; w_i, w_v, w_c are the settings' vicreg_invariance, vicreg_variance and
/// vicreg_covariance. Means over dimensions and the halved V are those of the authors' code, to which their weights 25,
/// 25, 1 belong; the paper's text sums the first over dimensions and does not halve the second. Requirements, result,
/// processes and errors as info_nce, and a batch of at least two rows.
at::Tensor vicreg(const at::Tensor& z_a, const at::Tensor& z_b, const settings::LossSettings& settings,
                  const distributed::Rows& rows = {});

}  // namespace directclr::loss
