#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace directclr::test {

/// |actual - expected| <= atol + rtol * max|expected|, with the worst place named on failure.
inline ::testing::AssertionResult all_close(const at::Tensor& actual, const at::Tensor& expected, double rtol,
                                            double atol = 0) {
  if (actual.sizes() != expected.sizes()) {
    return ::testing::AssertionFailure() << "shapes differ: " << actual.sizes() << " against " << expected.sizes();
  }
  if (actual.numel() == 0) return ::testing::AssertionSuccess();
  const at::Tensor a = actual.detach().to(at::kDouble).flatten();
  const at::Tensor e = expected.detach().to(at::kDouble).flatten();
  const at::Tensor difference = (a - e).abs();
  const double limit = atol + rtol * e.abs().max().item<double>();
  const auto worst = difference.argmax().item<int64_t>();
  const double largest = difference[worst].item<double>();
  if (largest <= limit) return ::testing::AssertionSuccess();  // false for NaN
  return ::testing::AssertionFailure() << "shape " << actual.sizes() << ", element " << worst << ": expected "
                                       << e[worst].item<double>() << ", actual " << a[worst].item<double>()
                                       << ", difference " << largest << ", limit " << limit;
}

/// Bit for bit.
inline ::testing::AssertionResult identical(const at::Tensor& actual, const at::Tensor& expected) {
  if (at::equal(actual, expected)) return ::testing::AssertionSuccess();
  return all_close(actual, expected, 0) << " (must be identical)";
}

}  // namespace directclr::test
