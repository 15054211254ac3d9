#include "directclr/linalg/tridiagonal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace directclr::linalg {
namespace {

// 2 on the diagonal and -1 beside it: 2 - 2 cos(k pi / (n + 1)).
TEST(TridiagonalEigenvalues, AreTheClosedFormAndTheSameBitsInRegistersOfEveryWidth) {
  for (const size_t n : {1, 2, 15, 16, 17, 100}) {
    const Tridiagonal matrix = {std::vector<double>(n, 2), std::vector<double>(n - 1, -1)};
    const auto expected = eigenvalues(matrix, n, 16);
    ASSERT_EQ(expected.size(), n);
    for (size_t k = 0; k < n; ++k) {
      const double angle = std::numbers::pi * static_cast<double>(n - k) / static_cast<double>(n + 1);
      EXPECT_NEAR(expected[k], 2 - 2 * std::cos(angle), 4e-15) << n << ", " << k;
    }
    for (const int bytes : {32, 64}) {
      if (bytes <= vector_bytes()) {
        EXPECT_EQ(eigenvalues(matrix, n, bytes), expected) << bytes << " bytes";
      } else {
        EXPECT_THROW(eigenvalues(matrix, n, bytes), std::invalid_argument);
      }
    }
  }
}

}  // namespace
}  // namespace directclr::linalg
