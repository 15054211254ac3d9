#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "directclr/spectrum/covariance.h"
#include "directclr/spectrum/metrics.h"

namespace directclr::spectrum {

/// Singular values of a covariance matrix, which for a symmetric positive semi-definite matrix are its eigenvalues.
/// Requires: covariance (D, D) symmetric, finite.
/// Returns:  D values, descending, clamped at 0 (rounding can leave a zero slightly negative).
/// Throws:   NumericalError when the eigensolver fails or the matrix is not finite.
std::vector<double> covariance_spectrum(const at::Tensor& covariance);

/// What the spectrum of one layer says, with how it was taken.
struct SpectrumSummary {
  std::vector<double> values;  ///< covariance eigenvalues, descending
  double effective_rank_sigma = 0;
  double effective_rank_lambda = 0;
  double participation_ratio = 0;
  int64_t below_1e_2 = 0;
  int64_t below_1e_4 = 0;
  int64_t below_1e_6 = 0;
  int64_t samples = 0;
  bool l2_normalized = false;
};

/// Adds rows (n, D) to a covariance, each first divided by its length when `l2_normalize`.
void add_rows(Covariance& covariance, const at::Tensor& rows, bool l2_normalize);

/// Spectrum and metrics of rows that arrived through add_rows. Throws NumericalError as covariance_spectrum does.
SpectrumSummary summarize(const Covariance& covariance, bool l2_normalized);

/// Spectrum and metrics of feature rows (N, D), each row first divided by its length when `l2_normalize`.
/// Requires N >= 2. Throws NumericalError for values that are not finite.
SpectrumSummary summarize(const at::Tensor& features, bool l2_normalize);

}  // namespace directclr::spectrum
