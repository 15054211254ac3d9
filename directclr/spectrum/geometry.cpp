#include "directclr/spectrum/geometry.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "directclr/core/parallel.h"
#include "directclr/linalg/row_products.h"
#include "directclr/spectrum/column_moments.h"
#include "directclr/spectrum/kernels.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;

// Rows of zeros are at distance 0 from each other and 1 from unit rows: by how much the potentials of their pairs
// exceed the e^-4 that a product of 0 gives.
double excess_of_zeros(const Array& unit) {
  const auto lengths = row_lengths(unit);
  const auto zeros = static_cast<double>(std::count(lengths.begin(), lengths.end(), 0.0));
  const double others = static_cast<double>(lengths.size()) - zeros;
  return zeros * (zeros - 1) / 2 * (1 - std::exp(-4)) + zeros * others * (std::exp(-2) - std::exp(-4));
}

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
  const Array unit = unit_rows(plain_rows(rows)).to(type);
  const linalg::PackedRows packed(unit);
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
          const auto potential = kernels().of(products).potential;
          parallel_for(static_cast<size_t>(height), 16, [&](size_t first, size_t end) {
            for (size_t r = first; r < end; ++r) {
              const auto row = static_cast<int64_t>(r), skipped = i == j ? row + 1 : 0;  // pairs once
              by_row[r] = potential(products + row * width + skipped, width - skipped);
            }
          });
        }
      });
      for (int64_t r = 0; r < height; ++r) sum += by_row[static_cast<size_t>(r)];
    }
  }
  return std::log((sum + excess_of_zeros(unit)) / (0.5 * static_cast<double>(n) * static_cast<double>(n - 1)));
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
