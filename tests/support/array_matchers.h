#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "directclr/array/array.h"

namespace directclr::test {

/// |actual - expected| <= atol + rtol * max|expected|, with the worst place named on failure.
inline ::testing::AssertionResult all_close(const std::vector<double>& actual, const std::vector<double>& expected,
                                            double rtol, double atol = 0) {
  if (actual.size() != expected.size()) {
    return ::testing::AssertionFailure() << "sizes differ: " << actual.size() << " against " << expected.size();
  }
  double largest = 0, worst = 0;
  size_t place = 0;
  bool comparable = true;
  for (size_t i = 0; i < actual.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    const double difference = std::abs(actual[i] - expected[i]);
    if (difference <= worst || !comparable) continue;
    comparable = !std::isnan(difference);
    worst = difference;
    place = i;
  }
  const double limit = atol + rtol * largest;
  if (actual.empty() || worst <= limit) return ::testing::AssertionSuccess();  // false for NaN
  return ::testing::AssertionFailure() << "element " << place << " of " << actual.size() << ": expected "
                                       << expected[place] << ", actual " << actual[place] << ", difference " << worst
                                       << ", limit " << limit;
}

inline ::testing::AssertionResult all_close(const array::Array& actual, const array::Array& expected, double rtol,
                                            double atol = 0) {
  if (actual.shape() != expected.shape()) {
    return ::testing::AssertionFailure() << "shapes differ: " << actual.describe() << " against "
                                         << expected.describe();
  }
  return all_close(array::to_doubles(actual), array::to_doubles(expected), rtol, atol);
}

/// Type, shape and every byte of the elements.
inline ::testing::AssertionResult identical(const array::Array& actual, const array::Array& expected) {
  if (actual.dtype() != expected.dtype() || actual.shape() != expected.shape()) {
    return ::testing::AssertionFailure() << actual.describe() << " against " << expected.describe();
  }
  const array::Array a = actual.contiguous(), e = expected.contiguous();
  if (a.nbytes() == 0 || std::memcmp(a.raw(), e.raw(), a.nbytes()) == 0) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << all_close(actual, expected, 0).message() << " (must be identical)";
}

}  // namespace directclr::test
