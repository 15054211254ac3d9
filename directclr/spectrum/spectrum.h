#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "directclr/spectrum/covariance.h"
#include "directclr/spectrum/summary.h"

namespace directclr::spectrum {

/// Singular values of a covariance matrix, which for a symmetric positive semi-definite matrix are its eigenvalues.
/// Requires: covariance (D, D) symmetric, finite.
/// Returns:  D values, descending, clamped at 0 (rounding can leave a zero slightly negative).
/// Throws:   NumericalError when the eigensolver fails or the matrix is not finite.
std::vector<double> covariance_spectrum(const at::Tensor& covariance);

/// The measures of a covariance (D, D) alone: spectrum, constant dimensions, and all that follow from eigenvalues.
/// RankMe and normalized_std, which need the rows, are not a number. Throws NumericalError as covariance_spectrum does.
SpectrumSummary summarize_covariance(const at::Tensor& covariance);

/// Mean over the dimensions of the standard deviation of z / |z|, times sqrt(D), of rows (N >= 1, D).
double normalized_std(const at::Tensor& rows);

/// The numbers of a tensor, row by row.
std::vector<double> values_of(const at::Tensor& tensor);

/// One pass over feature rows that arrive in blocks: all that a SpectrumSummary needs, in memory O(D^2).
class FeatureMoments {
 public:
  /// `l2_normalize`: each row is first divided by its length. `skip_nonfinite`: rows that hold an infinity or a
  /// not-a-number are left out and counted; else add() throws NumericalError, saying how many there are.
  explicit FeatureMoments(int64_t dimensions, bool l2_normalize = false, bool skip_nonfinite = false);

  /// Rows (n, D), any floating type and device; n = 0 is allowed.
  void add(const at::Tensor& rows);
  /// Merges the rows of all processes of a group, on all of them.
  void merge(const dist::Group& group);
  int64_t count() const { return covariance_.count(); }

  /// Spectrum and measures. Requires count() >= 1. Throws NumericalError as covariance_spectrum does.
  SpectrumSummary summary() const;

 private:
  void add_block(const at::Tensor& rows);
  bool l2_normalize_;
  bool skip_nonfinite_;
  Covariance covariance_;
  at::Tensor unit_sum_;      // (D) of z / |z|
  at::Tensor unit_squares_;  // (D) of its squares
  int64_t skipped_ = 0;
};

/// The same of rows (N, D) that are all there. Requires N >= 2.
SpectrumSummary summarize(const at::Tensor& features, bool l2_normalize);

}  // namespace directclr::spectrum
