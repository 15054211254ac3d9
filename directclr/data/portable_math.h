#pragma once

#include <cmath>

namespace directclr::data {

// exp and log from additions, multiplications and divisions alone. The C library's differ in the last bit between
// versions and processors, and one bit can move a crop's edge by a pixel: what a seed gives must not hang on that.

/// e^x to about one unit in the last place, for |x| < 700.
inline double portable_exp(double x) {
  constexpr double kLn2 = 0.693147180559945309417232121458;
  const double halvings = std::nearbyint(x / kLn2);
  const double r = x - halvings * kLn2;  // |r| <= 0.35
  double term = 1;
  double sum = 1;
  for (int k = 1; k < 18; ++k) {
    term *= r / k;
    sum += term;
  }
  return std::ldexp(sum, static_cast<int>(halvings));
}

/// Natural logarithm, x > 0: 2 atanh((m - 1) / (m + 1)) of the mantissa, plus the exponent.
inline double portable_log(double x) {
  constexpr double kLn2 = 0.693147180559945309417232121458;
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // [0.5, 1)
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  const double t = (m - 1) / (m + 1);  // |t| <= 0.172
  double power = t;
  double sum = 0;
  for (int k = 1; k < 24; k += 2) {
    sum += power / k;
    power *= t * t;
  }
  return 2 * sum + exponent * kLn2;
}

}  // namespace directclr::data
