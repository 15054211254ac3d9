#include "directclr/spectrum/neighbours.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/core/text.h"
#include "directclr/linalg/row_products.h"
#include "directclr/spectrum/analysis.h"
#include "directclr/spectrum/candidates.h"
#include "directclr/spectrum/column_moments.h"
#include "directclr/spectrum/kernels.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;

// Distances that differ by less, as shares, are equal.
constexpr double kRounding = 1e-12;

// log(r_2 / r_1), ascending.
std::vector<double> log_ratios(const Neighbours& n) {
  const int64_t k = n.distances.size(1);
  if (k < 2) throw std::invalid_argument("[two_nn] expected two neighbours, got " + std::to_string(k));
  const auto distances = n.distances.values<double>();
  std::vector<double> ratios;
  for (size_t at = 0; at < distances.size(); at += static_cast<size_t>(k)) {
    const double ratio = std::log(distances[at + 1] / distances[at]);
    ratios.push_back(ratio > kRounding ? ratio : 0);
  }
  std::sort(ratios.begin(), ratios.end());
  return ratios;
}

// Of each row's candidates the k nearest, by distances in float64: (N, k), ascending.
Array nearest_distances(const Array& x, Candidates& candidates, int64_t k) {
  const int64_t dimensions = x.size(1);
  Array distances = Array::empty({x.size(0), k}, DType::kFloat64);
  const double* rows = x.data<double>();
  double* out = distances.mutable_data<double>();
  parallel_for(static_cast<size_t>(x.size(0)), 64, [&](size_t begin, size_t end) {
    std::vector<double> squares;
    for (auto i = static_cast<int64_t>(begin); i < static_cast<int64_t>(end); ++i) {
      squares.clear();
      for (const int32_t j : candidates.of(i)) {
        squares.push_back(kernels().squared_distance(rows + i * dimensions, rows + j * dimensions, dimensions));
      }
      std::partial_sort(squares.begin(), squares.begin() + k, squares.end());
      for (int64_t c = 0; c < k; ++c) out[i * k + c] = std::sqrt(squares[static_cast<size_t>(c)]);
    }
  });
  return distances;
}

// Rows about their mean as float32, scaled so that no square overflows.
Array centred_and_scaled(const Array& x) {
  const std::vector<double> mean = mean_of(x);
  const auto values = x.values<double>();
  double largest = 0;
  for (size_t i = 0; i < values.size(); ++i) largest = std::max(largest, std::abs(values[i] - mean[i % mean.size()]));
  Array narrow = Array::empty(x.shape(), DType::kFloat32);
  const auto out = narrow.mutable_values<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    out[i] = static_cast<float>((values[i] - mean[i % mean.size()]) / largest);
  }
  return narrow;
}

std::vector<float> half_squared_lengths(const Array& x) {
  std::vector<float> half;
  for (const double length : row_lengths(x)) half.push_back(static_cast<float>(length * length / 2));
  return half;
}

}  // namespace

Array distinct_rows(const Array& rows) {
  const Array x = rows.to(DType::kFloat64);
  const auto n = static_cast<size_t>(x.size(0)), dimensions = static_cast<size_t>(x.size(1));
  const double* const values = x.data<double>();
  const auto row = [&](int64_t i) { return std::span(values + static_cast<size_t>(i) * dimensions, dimensions); };
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), int64_t{0});
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return std::lexicographical_compare(row(a).begin(), row(a).end(), row(b).begin(), row(b).end());
  });
  const auto same = [&](int64_t a, int64_t b) { return std::equal(row(a).begin(), row(a).end(), row(b).begin()); };
  order.erase(std::unique(order.begin(), order.end(), same), order.end());
  return x.rows(order);
}

Neighbours nearest_neighbours(const Array& rows, int64_t k, const Context& context) {
  if (rows.dim() != 2 || k < 1) {
    throw std::invalid_argument("[nearest_neighbours] expected (N, D) and k >= 1, got " + rows.describe());
  }
  require_finite(rows);
  Array x = distinct_rows(rows);
  const int64_t n = x.size(0);
  const double scale = scale_into_range(x.values<double>());
  if (scale != 1) x = times(x, scale);
  if (n < k + 1) {
    throw InputError("neighbours",
                     format("%lld neighbours need %lld distinct rows, there are %lld", static_cast<long long>(k),
                            static_cast<long long>(k + 1), static_cast<long long>(n)));
  }
  // Float32 copies find candidates; a few more than k, since rounding may swap near ties.
  const Array narrow = centred_and_scaled(x);
  const std::vector<float> half_lengths = half_squared_lengths(narrow);
  const linalg::PackedRows packed(narrow);
  Candidates candidates(n, std::min(n - 1, k + std::max<int64_t>(8, k / 4)));
  constexpr int64_t kBlock = 1024;
  const auto blocks = static_cast<uint64_t>((n + kBlock - 1) / kBlock);
  uint64_t done = 0;
  Array room = Array::empty({kBlock * kBlock}, DType::kFloat32);
  for (int64_t i = 0; i < n; i += kBlock) {
    const int64_t height = std::min(kBlock, n - i);
    for (int64_t j = i; j < n; j += kBlock) {
      if (context.stop_requested()) throw Interrupted("stopped; nothing was written");
      const int64_t width = std::min(kBlock, n - j);
      Array block = room.slice(0, height * width).reshaped({height, width});
      packed.products(i, height, packed, j, width, block);
      candidates.offer(block.data<float>(), i, height, j, width, half_lengths);
      ++done;
      context.progress({"neighbours", done, blocks * (blocks + 1) / 2, "blocks", done, ""});
    }
  }
  const Array distances = nearest_distances(x, candidates, k);
  return {scale == 1 ? distances : times(distances, 1 / scale), rows.size(0) - n};
}

double two_nn(const Neighbours& neighbours) {
  const std::vector<double> mu = log_ratios(neighbours);
  const size_t n = mu.size(), kept = std::max<size_t>(1, n * 9 / 10);
  double products = 0, squares = 0;
  for (size_t i = 0; i < kept; ++i) {
    products += mu[i] * -std::log(1 - static_cast<double>(i + 1) / static_cast<double>(n));
    squares += mu[i] * mu[i];
  }
  return products / squares;
}

double two_nn_likelihood(const Neighbours& neighbours) {
  const std::vector<double> mu = log_ratios(neighbours);
  return static_cast<double>(mu.size() - 1) / std::accumulate(mu.begin(), mu.end(), 0.0);
}

double local_dimension(const Neighbours& neighbours) {
  const auto distances = neighbours.distances.values<double>();
  const auto k = static_cast<size_t>(neighbours.distances.size(1));
  double logarithms = 0;
  for (size_t at = 0; at < distances.size(); at += k) {
    const auto own = distances.subspan(at, k);
    const double mean = std::accumulate(own.begin(), own.end(), 0.0) / static_cast<double>(k);
    if (own.back() - mean <= kRounding * mean) return INFINITY;
    logarithms += std::log(mean / (own.back() - mean));
  }
  return std::exp(logarithms / static_cast<double>(neighbours.distances.size(0)));
}

}  // namespace directclr::spectrum
