#pragma once

#include <cstdint>
#include <vector>

namespace directclr::report {

// What a few repetitions of a run (seeds) say. Not-a-number stands for "cannot be known from so few".

/// Mean and spread of one number over seeds.
struct Sample {
  int64_t count = 0;
  double mean = 0;  ///< NaN of none
  double sd = 0;    ///< with count - 1; NaN under two
  double low = 0;   ///< 95 % percentile-bootstrap interval of the mean (10,000 resamples); NaN under two. Of two or
  double high = 0;  ///< three values it spans hardly more than their range: it is too narrow, and the page says so.
};
Sample sample(const std::vector<double>& values);

/// Distribution function of Student's t with `degrees` >= 1 degrees of freedom (Abramowitz & Stegun 26.7.3, 26.7.4).
double student_t(double t, int64_t degrees);

/// The probability that the true mean of the differences is above 0, given these: Student's t at mean / (sd / sqrt n)
/// (flat prior, normal differences). Of one difference NaN; of differences all equal 1, 0 or, when they are 0, a half.
double probability_above_zero(const std::vector<double>& differences);

/// Which of many means lie below 0, of all that could by chance: Student's t of mean / error with `degrees` degrees of
/// freedom, one-sided, and the procedure of Benjamini and Hochberg (1995), which keeps the expected share of wrong ones
/// among those it names under 5 %. An error that is 0 decides by the mean's sign; one that is infinite never does.
std::vector<bool> below_zero(const std::vector<double>& means, const std::vector<double>& errors, int64_t degrees);

/// Spearman's rank correlation, ties at their mean rank; NaN under three pairs or when one side is constant.
double rank_correlation(const std::vector<double>& x, const std::vector<double>& y);

}  // namespace directclr::report
