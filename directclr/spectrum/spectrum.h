#pragma once

#include <cstdint>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/array/dtype.h"
#include "directclr/spectrum/covariance.h"
#include "directclr/spectrum/summary.h"

namespace directclr::spectrum {

/// Singular values of a covariance matrix, which for a symmetric positive semi-definite matrix are its eigenvalues.
/// Requires: covariance (D, D) symmetric, floating, finite.
/// Returns:  D values, descending, clamped at 0 (rounding can leave a zero slightly negative).
/// Throws:   NumericalError when the matrix is not finite, std::invalid_argument for another shape.
std::vector<double> covariance_spectrum(const array::Array& covariance);

/// The largest eigenvalue that rounding the entries of `rows` rows can add to their covariance. Each is off by at most
/// the unit roundoff of its type times itself, as good as independently: a matrix of noise, whose largest eigenvalue is
/// its variance times (1 + sqrt(D / N))^2 (Marchenko and Pastur). `mean_square`: over the rows' entries.
double rounding_variance(double roundoff, double mean_square, int64_t dimensions, double rows);

/// The measures of a covariance (D, D) alone: spectrum, constant dimensions, and all that follow from eigenvalues.
/// `of_rounding`: the rounding_variance of the rows that it is of; 0: not known. RankMe and what is measured of the
/// rows' directions are not a number. Throws as covariance_spectrum does.
SpectrumSummary summarize_covariance(const array::Array& covariance, double of_rounding = 0);

/// How the directions z / |z| of rows are spread.
struct Directions {
  double normalized_std = 0;  ///< as in SpectrumSummary
  double mean_cosine = 0;
  double spread = 0;  ///< direction_spread there
};
/// Of rows (N >= 1, D), floating; not a number where all are 0, and have none.
Directions directions_of(const array::Array& rows);

/// One pass over feature rows that arrive in blocks: all that a SpectrumSummary needs, in memory O(D^2).
class FeatureMoments {
 public:
  /// What is known of the rows so far: for merging over processes, and for keeping.
  struct Sums {
    Covariance::Sums covariance;
    array::Array unit_sum;      ///< (D) float64: of z / |z|
    array::Array unit_squares;  ///< (D) float64: of its squares
    int64_t skipped = 0;
    double roundoff = 0;  ///< the largest among the rows
  };

  /// `l2_normalize`: each row is first divided by its length. `skip_nonfinite`: rows that hold an infinity or a
  /// not-a-number are left out and counted; else add() throws NumericalError, saying how many there are.
  explicit FeatureMoments(int64_t dimensions, bool l2_normalize = false, bool skip_nonfinite = false);

  /// Rows (n, D), any floating type; n = 0 is allowed. `roundoff`: of the numbers that the rows were made of, where
  /// that is larger than their type's.
  void add(const array::Array& rows, double roundoff = 0);
  /// Adds the rows that another of the same width and settings has seen.
  void add(const FeatureMoments& other);

  int64_t count() const { return covariance_.count(); }
  int64_t dimensions() const { return covariance_.dimensions(); }

  /// Views of the sums: they change with what is added.
  Sums sums() const;
  /// Goes on from other sums of the same width.
  void restore(const Sums& sums);

  /// Spectrum and measures. Requires count() >= 1. Throws NumericalError as covariance_spectrum does.
  SpectrumSummary summary() const;

 private:
  void add_block(const array::Array& rows);
  Directions unit_directions() const;
  bool l2_normalize_;
  bool skip_nonfinite_;
  Covariance covariance_;
  array::Array unit_sum_, unit_squares_;
  int64_t skipped_ = 0;
  double roundoff_ = 0;  // the largest among the rows
};

/// The same of rows (N, D) that are all there. Requires N >= 2.
SpectrumSummary summarize(const array::Array& features, bool l2_normalize);

/// The rows (n, D) that hold finite numbers alone; itself if all do.
array::Array finite_rows(const array::Array& rows);

}  // namespace directclr::spectrum
