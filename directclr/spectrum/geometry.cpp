#include "directclr/spectrum/geometry.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "directclr/core/dispatch.h"
#include "directclr/core/parallel.h"
#include "directclr/linalg/row_products.h"
#include "directclr/spectrum/column_moments.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;

// e^x for -710 < x < 709, to about one unit in the last place; the compiler makes vectors of it.
inline double exponential(double x) {
  // e^x = 2^n e^r with |r| <= ln 2 / 2; adding 1.5 * 2^52 rounds to the nearest integer n, which is then in the low
  // bits.
  const double shifted = x * 1.4426950408889634 + 6755399441055744.0, n = shifted - 6755399441055744.0;
  const double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
  double p = 1.0 / 6227020800;
  p = p * r + 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return p * std::bit_cast<double>((std::bit_cast<uint64_t>(shifted) + 1023) << 52);
}

// sum_j exp(4 x_j - 4) in eight lanes.
template <class T>
inline double potential(const T* products, int64_t count) {
  constexpr int64_t kLanes = 8;
  double lanes[kLanes] = {};
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    for (int64_t l = 0; l < kLanes; ++l) lanes[l] += exponential(4 * static_cast<double>(products[j + l]) - 4);
  }
  for (; j < count; ++j) lanes[0] += exponential(4 * static_cast<double>(products[j]) - 4);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

// The compiler clones functions that are no templates.
DIRECTCLR_CLONES double potential_of(const float* products, int64_t count) { return potential(products, count); }
DIRECTCLR_CLONES double potential_of(const double* products, int64_t count) { return potential(products, count); }

}  // namespace

double alignment(const Array& a, const Array& b) {
  if (a.dim() != 2 || a.shape() != b.shape() || a.size(0) < 1) {
    throw std::invalid_argument("[alignment] expected two (N >= 1, D) matrices of one shape, got " + a.describe() +
                                " and " + b.describe());
  }
  const Array unit_a = unit_rows(plain_rows(a)), unit_b = unit_rows(plain_rows(b));
  const auto x = unit_a.values<double>(), y = unit_b.values<double>();
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += (x[i] - y[i]) * (x[i] - y[i]);
  return sum / static_cast<double>(a.size(0));
}

double uniformity(const Array& rows) {
  if (rows.dim() != 2) throw std::invalid_argument("[uniformity] expected (N, D), got " + rows.describe());
  const int64_t n = rows.size(0);
  if (n < 2) return std::numeric_limits<double>::quiet_NaN();
  // Products in float32 where the rows are no finer: their rounding, 1e-7 and of either sign, averages out over pairs.
  const DType type = rows.dtype() == DType::kFloat64 ? DType::kFloat64 : DType::kFloat32;
  const linalg::PackedRows packed(unit_rows(plain_rows(rows)).to(type));
  constexpr int64_t kBlock = 1024;
  // |x - y|^2 = 2 - 2 x.y; exp(-2 |x - y|^2) >= e^-8: the plain sum neither overflows nor vanishes.
  double sum = 0;
  Array room = Array::empty({kBlock * kBlock}, type);
  std::vector<double> by_row(static_cast<size_t>(kBlock));
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t height = std::min(kBlock, n - i);
    for (int64_t j = i; j < n; j += kBlock) {
      const int64_t width = std::min(kBlock, n - j);
      Array block = room.slice(0, height * width).reshaped({height, width});
      packed.products(i, height, packed, j, width, block);
      array::with_type_of(type, [&](auto like) {
        using T = decltype(like);
        if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
          const T* const products = block.data<T>();
          parallel_for(static_cast<size_t>(height), 16, [&](size_t first, size_t end) {
            for (size_t r = first; r < end; ++r) {
              const auto row = static_cast<int64_t>(r), skipped = i == j ? row + 1 : 0;  // pairs once
              by_row[r] = potential_of(products + row * width + skipped, width - skipped);
            }
          });
        }
      });
      for (int64_t r = 0; r < height; ++r) sum += by_row[static_cast<size_t>(r)];
    }
  }
  return std::log(sum / (0.5 * static_cast<double>(n) * static_cast<double>(n - 1)));
}

double lowest_uniformity(int64_t dimensions) {
  // log sum_k 4^k / (k! (D/2)_k) - 4, from E exp(-2 |x - y|^2) = e^-4 E exp(4 x.y).
  const double half = 0.5 * static_cast<double>(dimensions);
  double term = 1, sum = 1;
  for (int k = 1; k < 200 && term > 1e-18 * sum; ++k) {
    term *= 4 / (k * (half + k - 1));
    sum += term;
  }
  return std::log(sum) - 4;
}

}  // namespace directclr::spectrum
