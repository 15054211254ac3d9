#include "directclr/linalg/panels.h"

#include <algorithm>
#include <cstring>

// Every product goes into a sum in one expression, for the compiler to fuse (core/dispatch.h).
#define DIRECTCLR_KERNELS "directclr/linalg/panels.cpp"
#include "directclr/core/variants.inc"

namespace directclr::linalg {
namespace DIRECTCLR_VARIANT {
namespace {

#include "directclr/core/vectors.inc"

constexpr size_t kAcross = 3;  // with them, kDoubles rows of sums fill the registers

DIRECTCLR_INLINE void add_to(double* to, DoubleVector part) { store(to, load(to) + part); }
DIRECTCLR_INLINE double sum_of(DoubleVector part) {
  double values[kDoubles], sum = 0;
  std::memcpy(values, &part, sizeof part);
  for (const double value : values) sum += value;
  return sum;
}

template <class T>
DIRECTCLR_INLINE void pack_columns(const T* rows, size_t count, ptrdiff_t stride, const double* mean, size_t columns,
                                   double* panel) {
  for (size_t r = 0; r < count; ++r, rows += stride, panel += kDoubles) {
    for (size_t j = 0; j < kDoubles; ++j) panel[j] = j < columns ? static_cast<double>(rows[j]) - mean[j] : 0;
  }
}
template <class T>
void pack(const T* rows, size_t count, ptrdiff_t stride, const double* mean, size_t columns, double* panel) {
  if (columns >= kDoubles) {
    pack_columns(rows, count, stride, mean, kDoubles, panel);
  } else {
    pack_columns(rows, count, stride, mean, columns, panel);
  }
}

// Rows become columns of a panel: a few elements of all rows at a time, so that what is written stays near.
template <class T, size_t kPanel>
void pack_rows(const T* rows, size_t count, ptrdiff_t stride, size_t length, T* panel) {
  constexpr size_t kElements = 64;
  if (count < kPanel) std::fill_n(panel, kPanel * length, T{0});
  for (size_t begin = 0; begin < length; begin += kElements) {
    const size_t end = std::min(begin + kElements, length);
    for (size_t r = 0; r < std::min(count, kPanel); ++r) {
      const T* const row = rows + static_cast<ptrdiff_t>(r) * stride;
      for (size_t d = begin; d < end; ++d) panel[d * kPanel + r] = row[d];
    }
  }
}

void add_products(const double* left, const double* right, size_t count, size_t rows, size_t columns, double* to,
                  ptrdiff_t stride) {
  // Far away, and not needed before the products are there.
  for (size_t j = 0; j < std::min(rows, kDoubles); ++j) {
    for (size_t a = 0; a < kAcross; ++a) __builtin_prefetch(to + static_cast<ptrdiff_t>(j) * stride + a * kDoubles, 1);
  }
  DoubleVector sums[kDoubles][kAcross] = {};
  const size_t panel = count * kDoubles;
  for (size_t r = 0; r < count; ++r, left += kDoubles, right += kDoubles) {
    DoubleVector across[kAcross];
    for (size_t a = 0; a < kAcross; ++a) across[a] = load(right + a * panel);
    for (size_t j = 0; j < kDoubles; ++j) {
      for (size_t a = 0; a < kAcross; ++a) sums[j][a] += across[a] * spread(left[j]);
    }
  }
  if (rows >= kDoubles && columns >= kAcross * kDoubles) {
    for (size_t j = 0; j < kDoubles; ++j, to += stride) {
      for (size_t a = 0; a < kAcross; ++a) add_to(to + a * kDoubles, sums[j][a]);
    }
    return;
  }
  for (size_t j = 0; j < std::min(rows, kDoubles); ++j, to += stride) {
    double row[kAcross * kDoubles];
    std::memcpy(row, sums[j], sizeof row);
    for (size_t c = 0; c < std::min(columns, kAcross * kDoubles); ++c) to[c] += row[c];
  }
}

double dot(const double* a, const double* b, size_t n) {
  constexpr size_t kLanes = 8 / kDoubles;  // sums of eight values side by side
  DoubleVector sums[2 * kLanes] = {};
  size_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (size_t l = 0; l < 2 * kLanes; ++l) {
      sums[l] += load(a + i + l * kDoubles) * load(b + i + l * kDoubles);
    }
  }
  for (size_t l = 0; i < n; i += kDoubles, ++l) sums[l] += load(a + i) * load(b + i);
  for (size_t l = 1; l < 2 * kLanes; ++l) sums[0] += sums[l];
  return sum_of(sums[0]);
}

void add_scaled(const double* a, double scale, size_t n, double* to) {
  const DoubleVector scales = spread(scale);
  for (size_t i = 0; i < n; i += kDoubles) {
    store(to + i, load(to + i) + load(a + i) * scales);
  }
}

// So many rows at a time as registers hold sums of.
void multiply_both_ways(const double* rows, size_t n, const double* v, const double* at, double* sums, double* dots) {
  constexpr size_t kRows = kBytes == 64 ? 8 : 4;
  for (size_t first = 0; first < 8; first += kRows, rows += kRows * n) {
    DoubleVector own[kRows] = {}, scales[kRows];
    for (size_t r = 0; r < kRows; ++r) scales[r] = spread(at[first + r]);
    for (size_t i = 0; i < n; i += kDoubles) {
      const DoubleVector values = load(v + i);
      DoubleVector sum = load(sums + i);
      for (size_t r = 0; r < kRows; ++r) {
        const DoubleVector row = load(rows + r * n + i);
        own[r] += row * values;
        sum += row * scales[r];
      }
      store(sums + i, sum);
    }
    for (size_t r = 0; r < kRows; ++r) dots[first + r] += sum_of(own[r]);
  }
}

constexpr PanelKernels kKernels = {kDoubles,     kAcross,      pack<float>,
                                   pack<double>, add_products, pack_rows<double, kDoubles>,
                                   dot,          add_scaled,   multiply_both_ways};

constexpr size_t kHeight = kDoubles;  // rows of sums as in add_products: they fill the registers

void float_products(const float* left, const float* right, size_t length, size_t right_step, size_t rows,
                    size_t columns, float* to, ptrdiff_t stride) {
  FloatVector sums[kHeight][kAcross] = {};
  for (size_t d = 0; d < length; ++d, left += kFloats, right += kFloats) {
    FloatVector across[kAcross];
    for (size_t a = 0; a < kAcross; ++a) across[a] = load(right + a * right_step);
    for (size_t j = 0; j < kHeight; ++j) {
      for (size_t a = 0; a < kAcross; ++a) sums[j][a] += across[a] * left[j];
    }
  }
  for (size_t j = 0; j < std::min(rows, kHeight); ++j, to += stride) {
    std::memcpy(to, sums[j], std::min(columns, kAcross * kFloats) * sizeof(float));
  }
}

constexpr FloatPanelKernels kFloatKernels = {kFloats, kHeight, kAcross, pack_rows<float, kFloats>, float_products};

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
const PanelKernels& panel_kernels(int register_bytes) { return DIRECTCLR_VARIANTS(kKernels).required(register_bytes); }

const FloatPanelKernels& float_panel_kernels(int register_bytes) {
  return DIRECTCLR_VARIANTS(kFloatKernels).required(register_bytes);
}
#endif

}  // namespace directclr::linalg
