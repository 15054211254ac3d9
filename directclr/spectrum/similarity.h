#pragma once

#include <cstdint>

#include "directclr/array/array.h"

namespace directclr::spectrum {

/// Linear CKA of two representations of the same samples (Kornblith et al. 2019): |Y^T X|_F^2 / (|X^T X|_F |Y^T Y|_F),
/// columns centred. 0 .. 1, not a number where all rows of one are the same; 1 when one is a rotation and scaling of
/// the other. From few samples it is too large: `debiased` replaces each norm by its unbiased estimate (Song et al.
/// 2007), which may come out below 0. Requires: x (N, D), y (N, E), N >= 2, debiased N >= 4; throws
/// std::invalid_argument otherwise.
struct LinearCka {
  double plain = 0;
  double debiased = 0;  ///< not a number under four rows, and where the estimate of a norm of one alone is not above 0
};
/// Both, of the same rows.
LinearCka linear_cka(const array::Array& x, const array::Array& y);

/// LiDAR (Thilak et al. 2024, Eqns 1 to 4): the effective rank, from squares of singular values, of
/// S_w^{-1/2} S_b S_w^{-1/2}, S_b the covariance of the samples' means, S_w the mean covariance within a sample's views
/// plus `delta` I, both with unbiased denominators (n - 1, n (q - 1)). Uninformative unless n is well above D.
/// Requires: rows (n q, D), the q views of a sample one after the other, q >= 2, n >= 2; delta > 0. Throws
/// NumericalError where squares of the values overflow.
double lidar(const array::Array& rows, int64_t views, double delta = 1e-4);

}  // namespace directclr::spectrum
