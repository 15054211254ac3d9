#include "directclr/linalg/tridiagonal.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "directclr/core/dispatch.h"
#include "directclr/core/parallel.h"

#define DIRECTCLR_KERNELS "directclr/linalg/tridiagonal.cpp"
#include "directclr/core/variants.inc"

namespace directclr::linalg {
namespace DIRECTCLR_VARIANT {
namespace {

constexpr size_t kLanes = 16;  // values side by side: divisions that do not wait for each other

// How many eigenvalues lie below each of kLanes values: the negative pivots of elimination. `off_diagonal_squared`:
// of what lies above each element of the diagonal, the first 0. A pivot of less than `least` counts as negative, and as
// that.
void count_below(const double* diagonal, const double* off_diagonal_squared, size_t n, double least,
                 const double* values, double* counts) {
  double pivots[kLanes], below[kLanes] = {};
  for (size_t l = 0; l < kLanes; ++l) pivots[l] = 1;
  for (size_t i = 0; i < n; ++i) {
    for (size_t l = 0; l < kLanes; ++l) {
      const double pivot = (diagonal[i] - values[l]) - off_diagonal_squared[i] / pivots[l];
      pivots[l] = std::abs(pivot) < least ? -least : pivot;
      below[l] += pivots[l] < 0 ? 1.0 : 0.0;
    }
  }
  for (size_t l = 0; l < kLanes; ++l) counts[l] = below[l];
}

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
using baseline::kLanes;

std::vector<double> eigenvalues(const Tridiagonal& matrix, size_t n, int register_bytes) {
  std::vector<double> off_diagonal_squared(n, 0);
  double largest = 0, largest_square = 0;  // bound of all eigenvalues (Gershgorin)
  const auto off_diagonal = [&](size_t i) { return i < n - 1 ? std::abs(matrix.off_diagonal[i]) : 0; };
  for (size_t i = 0; i < n; ++i) {
    if (i > 0) off_diagonal_squared[i] = off_diagonal(i - 1) * off_diagonal(i - 1);
    largest = std::max(largest, std::abs(matrix.diagonal[i]) + (i > 0 ? off_diagonal(i - 1) : 0) + off_diagonal(i));
    largest_square = std::max(largest_square, off_diagonal_squared[i]);
  }
  std::vector<double> found(n, 0);
  if (largest == 0) return found;
  const double least = std::numeric_limits<double>::min() * std::max(1.0, largest_square);
  const auto& count_below = DIRECTCLR_VARIANTS(count_below).required(register_bytes);
  const double bound = largest * (1 + 1e-15 * static_cast<double>(n + 1));
  constexpr int kHalvings = std::numeric_limits<double>::digits + 1;  // of 2 * bound, to its rounding
  parallel_for((n + kLanes - 1) / kLanes, 1, [&](size_t begin, size_t end) {
    for (size_t group = begin; group < end; ++group) {
      double low[kLanes], high[kLanes], middle[kLanes], counts[kLanes];
      std::fill_n(low, kLanes, -bound);
      std::fill_n(high, kLanes, bound);
      for (int step = 0; step < kHalvings; ++step) {
        for (size_t l = 0; l < kLanes; ++l) middle[l] = low[l] + (high[l] - low[l]) / 2;
        count_below(matrix.diagonal.data(), off_diagonal_squared.data(), n, least, middle, counts);
        for (size_t l = 0; l < kLanes; ++l) {
          (counts[l] > static_cast<double>(group * kLanes + l) ? high : low)[l] = middle[l];
        }
      }
      for (size_t l = 0; l < kLanes && group * kLanes + l < n; ++l) {
        found[n - 1 - group * kLanes - l] = low[l] + (high[l] - low[l]) / 2;
      }
    }
  });
  return found;
}
#endif

}  // namespace directclr::linalg
