#include "directclr/spectrum/kernels.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "directclr/core/dispatch.h"

#define DIRECTCLR_KERNELS "directclr/spectrum/kernels.cpp"
#include "directclr/core/variants.inc"

namespace directclr::spectrum {
namespace DIRECTCLR_VARIANT {
namespace {

#include "directclr/core/vector_exp.inc"

// Sums run over eight lanes whatever the registers hold; the compiler makes vectors of them. What is left over goes to
// the first.
constexpr int64_t kLanes = 8;

DIRECTCLR_INLINE double sum_of(const double (&lanes)[kLanes]) {
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

template <class T>
DIRECTCLR_INLINE double square_sum_in_lanes(const T* row, int64_t n) {
  double lanes[kLanes] = {};
  int64_t d = 0;
  for (; d + kLanes <= n; d += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += static_cast<double>(row[d + l]) * static_cast<double>(row[d + l]);
  }
  for (; d < n; ++d) lanes[0] += static_cast<double>(row[d]) * static_cast<double>(row[d]);
  return sum_of(lanes);
}

template <class T>
DIRECTCLR_INLINE void add_scaled_in_lanes(const T* row, double scale, int64_t n, double* sum, double* squares) {
  for (int64_t d = 0; d < n; ++d) {
    const double value = static_cast<double>(row[d]) * scale;
    sum[d] += value;
    squares[d] += value * value;
  }
}

template <class T>
DIRECTCLR_INLINE void add_apart_in_lanes(const T* row, const T* base, int64_t n, double* sum) {
  for (int64_t d = 0; d < n; ++d) sum[d] += static_cast<double>(row[d]) - static_cast<double>(base[d]);
}

// Eight numbers become exp(4 x - 4).
DIRECTCLR_INLINE void exponentials(const double (&x)[kLanes], double (&to)[kLanes]) {
  for (size_t l = 0; l < kLanes; l += kDoubles) store(to + l, exp_in_range(4 * load(x + l) - 4));
}

template <class T>
DIRECTCLR_INLINE double potential_in_lanes(const T* products, int64_t n) {
  double lanes[kLanes] = {}, x[kLanes] = {}, e[kLanes];
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) x[l] = static_cast<double>(products[j + l]);
    exponentials(x, e);
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += e[l];
  }
  for (int64_t l = 0; l < n - j; ++l) x[l] = static_cast<double>(products[j + l]);
  exponentials(x, e);
  for (int64_t l = 0; l < n - j; ++l) lanes[0] += e[l];
  return sum_of(lanes);
}

// No templates: those would be compiled for the first variant's registers.
double square_sum(const float* row, int64_t n) { return square_sum_in_lanes(row, n); }
double square_sum(const double* row, int64_t n) { return square_sum_in_lanes(row, n); }
void add_scaled(const float* row, double scale, int64_t n, double* sum, double* squares) {
  add_scaled_in_lanes(row, scale, n, sum, squares);
}
void add_scaled(const double* row, double scale, int64_t n, double* sum, double* squares) {
  add_scaled_in_lanes(row, scale, n, sum, squares);
}
void add_apart(const float* row, const float* base, int64_t n, double* sum) { add_apart_in_lanes(row, base, n, sum); }
void add_apart(const double* row, const double* base, int64_t n, double* sum) { add_apart_in_lanes(row, base, n, sum); }
double potential(const float* products, int64_t n) { return potential_in_lanes(products, n); }
double potential(const double* products, int64_t n) { return potential_in_lanes(products, n); }

double squared_distance(const double* a, const double* b, int64_t n) {
  double lanes[kLanes] = {};
  int64_t d = 0;
  for (; d + kLanes <= n; d += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += (a[d + l] - b[d + l]) * (a[d + l] - b[d + l]);
  }
  for (; d < n; ++d) lanes[0] += (a[d] - b[d]) * (a[d] - b[d]);
  return sum_of(lanes);
}

constexpr int64_t kStep = Kernels::kStep;

int64_t next_above(const float* values, const float* offsets, float floor, int64_t begin, int64_t end) {
  for (; begin + kStep <= end; begin += kStep) {
    int found = 0;
    for (int64_t j = begin; j < begin + kStep; ++j) found |= static_cast<int>(values[j] - offsets[j] > floor);
    if (found) break;
  }
  return begin;
}

int64_t next_above_floors(const float* values, float offset, const float* floors, int64_t begin, int64_t end) {
  for (; begin + kStep <= end; begin += kStep) {
    int found = 0;
    for (int64_t j = begin; j < begin + kStep; ++j) found |= static_cast<int>(values[j] - offset > floors[j]);
    if (found) break;
  }
  return begin;
}

constexpr Kernels kKernels = {{square_sum, add_scaled, add_apart, potential},
                              {square_sum, add_scaled, add_apart, potential},
                              squared_distance,
                              next_above,
                              next_above_floors};

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
const Kernels* kernels_of_width(int bytes) { return DIRECTCLR_VARIANTS(kKernels).of_width(bytes); }

const Kernels& kernels() {
  static const Kernels* const chosen = DIRECTCLR_VARIANTS(kKernels).best();
  return *chosen;
}
#endif

}  // namespace directclr::spectrum
