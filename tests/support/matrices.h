#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/core/philox.h"

namespace directclr::test {

/// Of one seed the same everywhere: standard normal, (rows, columns) float64.
inline array::Array normal_array(int64_t rows, int64_t columns, uint64_t seed) {
  RandomStream random(seed, Purpose::kSplit);
  std::vector<double> values(static_cast<size_t>(rows * columns));
  for (double& value : values) {
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    value = radius * std::cos(2 * std::numbers::pi * random.uniform());
  }
  return array::Array::of(std::move(values), {rows, columns});
}

/// A B by its definition, sums in long double; zeros of A are skipped. float64.
inline array::Array plain_product(const array::Array& a, const array::Array& b) {
  const auto n = static_cast<size_t>(a.size(0)), m = static_cast<size_t>(a.size(1)), k = static_cast<size_t>(b.size(1));
  const std::vector<double> left = array::to_doubles(a), right = array::to_doubles(b);
  std::vector<double> product(n * k);
  std::vector<long double> sums(k);
  for (size_t i = 0; i < n; ++i) {
    std::fill(sums.begin(), sums.end(), 0);
    for (size_t j = 0; j < m; ++j) {
      const long double own = left[i * m + j];
      if (own == 0) continue;
      for (size_t c = 0; c < k; ++c) sums[c] += own * static_cast<long double>(right[j * k + c]);
    }
    for (size_t c = 0; c < k; ++c) product[i * k + c] = static_cast<double>(sums[c]);
  }
  return array::Array::of(std::move(product), {a.size(0), b.size(1)});
}

/// A product of n random Householder reflections, (n, n) float64: orthogonal to the last digits.
inline array::Array orthogonal(int64_t n, uint64_t seed) {
  const auto size = static_cast<size_t>(n);
  std::vector<long double> q(size * size, 0), v(size);
  for (size_t i = 0; i < size; ++i) q[i * size + i] = 1;
  const std::vector<double> directions = array::to_doubles(normal_array(n, n, seed));
  for (size_t r = 0; r < size; ++r) {
    long double squares = 0;
    for (size_t j = 0; j < size; ++j) {
      v[j] = directions[r * size + j];
      squares += v[j] * v[j];
    }
    for (size_t i = 0; i < size; ++i) {
      long double share = 0;
      for (size_t j = 0; j < size; ++j) share += q[i * size + j] * v[j];
      for (size_t j = 0; j < size; ++j) q[i * size + j] -= 2 * share / squares * v[j];
    }
  }
  return array::Array::of(std::vector<double>(q.begin(), q.end()), {n, n});
}

/// Of the first rows of U and V, as many as sigma: sum_k sigma_k u_k v_k^T, (m, n) float64.
inline array::Array matrix_of_factors(const array::Array& u, const std::vector<double>& sigma, const array::Array& v) {
  const auto r = static_cast<int64_t>(sigma.size());
  array::Array scaled = u.slice(0, r).clone();
  const auto values = scaled.mutable_values<double>();
  const auto m = static_cast<size_t>(u.size(1));
  for (size_t i = 0; i < values.size(); ++i) values[i] *= sigma[i / m];
  return plain_product(scaled.transposed(), v.slice(0, r));
}

/// The largest |element| of A - B, of one shape.
inline double largest_difference(const array::Array& a, const array::Array& b) {
  const std::vector<double> x = array::to_doubles(a), y = array::to_doubles(b);
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double apart = std::abs(x[i] - y.at(i));
    if (!(apart <= largest)) largest = apart;  // and stays, where it is not a number
  }
  return largest;
}

/// The largest |element| of Q Q^T - I: how far the rows are from an orthonormal system.
inline double from_orthonormal(const array::Array& q) {
  const array::Array products = plain_product(q, q.transposed());
  array::Array identity = array::Array::zeros(products.shape(), array::DType::kFloat64);
  for (size_t i = 0; i < static_cast<size_t>(q.size(0)); ++i) {
    identity.mutable_values<double>()[i * static_cast<size_t>(q.size(0) + 1)] = 1;
  }
  return largest_difference(products, identity);
}

}  // namespace directclr::test
