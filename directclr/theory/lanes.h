#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace directclr::theory {

/// Eight doubles that are worked on together. The compiler maps them to one AVX-512, two AVX or four SSE registers;
/// the arithmetic, and so every bit of the result, is the same in all three (see core/dispatch.h).
using Lanes = double __attribute__((vector_size(64)));
using LaneBits = int64_t __attribute__((vector_size(64)));
constexpr size_t kLanes = 8;

#define DIRECTCLR_INLINE inline __attribute__((always_inline))

DIRECTCLR_INLINE void load(Lanes& lanes, const double* from) { std::memcpy(&lanes, from, sizeof(Lanes)); }
DIRECTCLR_INLINE void store(double* to, const Lanes& lanes) { std::memcpy(to, &lanes, sizeof(Lanes)); }

/// The sum of the eight lanes, always in the same order.
DIRECTCLR_INLINE double sum(const Lanes& v) {
  return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
}
DIRECTCLR_INLINE double largest(const Lanes& v) {
  double result = v[0];
  for (size_t lane = 1; lane < kLanes; ++lane) result = v[lane] > result ? v[lane] : result;
  return result;
}

/// x becomes e^x, to about one unit in the last place, for x <= 0 (-infinity included); below -708 the result is 0.
/// NaN stays NaN.
DIRECTCLR_INLINE void exp_of_nonpositive(Lanes& x) {
  const Lanes lowest = Lanes{} - 708.0;
  const LaneBits too_low = x < lowest;  // false for NaN
  const Lanes clamped = too_low ? lowest : x;
  // e^x = 2^n e^r, |r| <= ln(2) / 2. Adding and taking away 1.5 * 2^52 rounds to the nearest integer n, and leaves n in
  // the low bits on the way; ln(2) is taken off in two parts, the first of which times n is exact.
  constexpr double kRound = 6755399441055744.0;
  Lanes shifted = clamped * 1.4426950408889634074 + kRound;
  const Lanes n = shifted - kRound;
  const Lanes r = (clamped - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
  // Taylor's series to r^13 / 13!: the next term is under 5e-18.
  constexpr std::array<double, 12> kTerms = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                             1.0 / 40320,     1.0 / 5040,     1.0 / 720,     1.0 / 120,
                                             1.0 / 24,        1.0 / 6,        1.0 / 2,       1.0};
  Lanes p = Lanes{} + 1.0 / 6227020800;
  for (const double term : kTerms) p = p * r + term;
  p = p * r + 1.0;
  LaneBits bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  bits = (bits + 1023) << 52;  // the low bits of n, biased, in the exponent's place: 2^n
  Lanes power;
  std::memcpy(&power, &bits, sizeof power);
  x = too_low ? Lanes{} : p * power;
}

}  // namespace directclr::theory
