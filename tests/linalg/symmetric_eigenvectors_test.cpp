#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/linalg/symmetric_eigenvalues.h"
#include "tests/support/array_matchers.h"
#include "tests/support/matrices.h"

namespace directclr::linalg {
namespace {

using array::Array;
using array::DType;
using test::normal_array;
using test::orthogonal;

Array diagonal(const std::vector<double>& values) {
  const auto n = static_cast<int64_t>(values.size());
  Array made = Array::zeros({n, n}, DType::kFloat64);
  for (size_t i = 0; i < values.size(); ++i) made.mutable_values<double>()[i * (values.size() + 1)] = values[i];
  return made;
}

// Q^T diag(values) Q, exactly symmetric.
Array with_eigenvalues(const std::vector<double>& values, uint64_t seed) {
  const Array q = orthogonal(static_cast<int64_t>(values.size()), seed);
  Array made = test::matrix_of_factors(q, values, q);
  const auto elements = made.mutable_values<double>();
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = 0; j < i; ++j) elements[i * values.size() + j] = elements[j * values.size() + i];
  }
  return made;
}

Array symmetric_random(int64_t n, uint64_t seed) {
  Array made = normal_array(n, n, seed);
  const auto elements = made.mutable_values<double>();
  const auto size = static_cast<size_t>(n);
  for (size_t i = 0; i < size; ++i) {
    for (size_t j = 0; j < i; ++j) elements[i * size + j] = elements[j * size + i];
  }
  return made;
}

Array second_differences(int64_t n) {
  const auto size = static_cast<size_t>(n);
  Array made = diagonal(std::vector<double>(size, -2));
  for (size_t i = 0; i + 1 < size; ++i) {
    made.mutable_values<double>()[i * size + i + 1] = made.mutable_values<double>()[(i + 1) * size + i] = 1;
  }
  return made;
}

// Two copies of a matrix, one after the other: every eigenvalue twice.
Array twice(const Array& block) {
  const auto n = static_cast<size_t>(block.size(0));
  Array made = Array::zeros({2 * block.size(0), 2 * block.size(0)}, DType::kFloat64);
  const auto elements = made.mutable_values<double>();
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      elements[i * 2 * n + j] = elements[(i + n) * 2 * n + j + n] = block.values<double>()[i * n + j];
    }
  }
  return made;
}

// What the header promises of eigenvalues and vectors. `matrix` is symmetric in full.
void expect_eigen(const Array& matrix, const std::string& what, int register_bytes = vector_bytes()) {
  const SymmetricEigen eigen = symmetric_eigenvectors(matrix, register_bytes);
  const auto n = static_cast<size_t>(matrix.size(0));
  ASSERT_EQ(eigen.values.size(), n) << what;
  ASSERT_EQ(eigen.vectors.shape(), matrix.shape()) << what;
  EXPECT_EQ(eigen.values, symmetric_eigenvalues(matrix, register_bytes)) << what;
  EXPECT_TRUE(std::is_sorted(eigen.values.rbegin(), eigen.values.rend())) << what;
  EXPECT_LE(test::from_orthonormal(eigen.vectors), 2e-11) << what;
  double norm = 0;
  for (const double value : eigen.values) norm = std::max(norm, std::abs(value));
  const Array turned = test::plain_product(eigen.vectors, matrix);  // rows A v
  double worst = 0;
  for (size_t k = 0; k < n; ++k) {
    double squares = 0;
    for (size_t j = 0; j < n; ++j) {
      const double apart =
          turned.values<double>()[k * n + j] - eigen.values[k] * eigen.vectors.values<double>()[k * n + j];
      squares += apart * apart;
    }
    worst = std::max(worst, std::sqrt(squares));
  }
  EXPECT_LE(worst, 1e-15 * static_cast<double>(100 * n + 10) * norm) << what;
}

// Sizes around those of the blocks of rows (8), of the values sought side by side (16), of the steps done at once (32),
// and of what one thread does alone.
TEST(SymmetricEigenvectors, SolveRandomMatricesOfEverySizeOnEveryRegister) {
  for (const int bytes : {16, 32, 64}) {
    if (bytes > vector_bytes()) continue;
    for (const int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 96, 199, 200, 201}) {
      expect_eigen(symmetric_random(n, static_cast<uint64_t>(n)), std::to_string(n) + ", " + std::to_string(bytes),
                   bytes);
    }
  }
  expect_eigen(symmetric_random(420, 1), "420");
}

TEST(SymmetricEigenvectors, OfDiagonalMatricesAreTheAxes) {
  const std::vector<double> values = {0.5, -4, 3, 2, 1e-9, -1e5, 7};
  const SymmetricEigen eigen = symmetric_eigenvectors(diagonal(values));
  EXPECT_TRUE(test::all_close(eigen.values, {7, 3, 2, 0.5, 1e-9, -4, -1e5}, 0, 1e-10));
  const std::vector<size_t> axes = {6, 2, 3, 0, 4, 1, 5};
  for (size_t k = 0; k < axes.size(); ++k) {
    EXPECT_NEAR(std::abs(eigen.vectors.values<double>()[k * 7 + axes[k]]), 1, 1e-10) << k;
  }
  expect_eigen(diagonal(values), "diagonal");
}

// sin(i j pi / (n + 1)), for -2 + 2 cos(j pi / (n + 1)).
TEST(SymmetricEigenvectors, OfSecondDifferencesAreSines) {
  for (const int64_t n : {5, 64, 150}) {
    const SymmetricEigen eigen = symmetric_eigenvectors(second_differences(n));
    const auto size = static_cast<size_t>(n);
    for (size_t k = 0; k < size; ++k) {
      const double step = static_cast<double>(k + 1) * std::numbers::pi / static_cast<double>(n + 1);
      EXPECT_NEAR(eigen.values[k], -2 + 2 * std::cos(step), 4e-15) << n << ", " << k;
      double product = 0;
      for (size_t i = 0; i < size; ++i) {
        product += std::sqrt(2 / static_cast<double>(n + 1)) * std::sin(static_cast<double>(i + 1) * step) *
                   eigen.vectors.values<double>()[k * size + i];
      }
      EXPECT_NEAR(std::abs(product), 1, 1e-10) << n << ", " << k;
    }
    expect_eigen(second_differences(n), "second differences of " + std::to_string(n));
    // With a diagonal of zeros: elimination without exchanges of rows would divide by nothing.
    Array path = second_differences(n);
    for (size_t i = 0; i < size; ++i) path.mutable_values<double>()[i * (size + 1)] = 0;
    expect_eigen(path, "a path of " + std::to_string(n));
  }
}

TEST(SymmetricEigenvectors, OfMultipleEigenvaluesAreABasis) {
  for (const int64_t n : {1, 2, 7, 8, 17, 64, 130}) {
    const auto size = static_cast<size_t>(n);
    const std::string of = " of " + std::to_string(n);
    expect_eigen(diagonal(std::vector<double>(size, 1)), "identity" + of);
    expect_eigen(diagonal(std::vector<double>(size, -3)), "negative identity" + of);
    std::vector<double> two(size, 1), three(size, 0);
    for (size_t i = 0; i < size; ++i) {
      if (i % 2 == 0) two[i] = -1;
      three[i] = static_cast<double>(i % 3) - 1;
    }
    expect_eigen(diagonal(two), "signs" + of);
    expect_eigen(with_eigenvalues(two, 3), "a reflection" + of);
    expect_eigen(with_eigenvalues(three, 4), "three values" + of);
    expect_eigen(twice(symmetric_random(n, 5)), "two blocks" + of);
    expect_eigen(twice(second_differences(n)), "two tridiagonal blocks" + of);
  }
}

TEST(SymmetricEigenvectors, OfNearlyMultipleEigenvaluesAreOrthogonal) {
  // Gaps of roundings to well above those within which vectors are made orthogonal to one another.
  for (const double gap : {1e-16, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 0.9e-5, 1.1e-5, 1e-4}) {
    std::vector<double> values(60);
    for (size_t i = 0; i < values.size(); ++i) values[i] = 1 - gap * static_cast<double>(i);
    expect_eigen(with_eigenvalues(values, 6), "steps of " + std::to_string(gap));
  }
  // Wilkinson's W+, whose largest eigenvalues come in pairs that agree to the last digit.
  std::vector<double> arms(41);
  for (size_t i = 0; i < arms.size(); ++i) arms[i] = std::abs(static_cast<double>(i) - 20);
  Array wilkinson = diagonal(arms);
  for (size_t i = 0; i + 1 < arms.size(); ++i) {
    wilkinson.mutable_values<double>()[i * 41 + i + 1] = wilkinson.mutable_values<double>()[(i + 1) * 41 + i] = 1;
  }
  expect_eigen(wilkinson, "Wilkinson's");
}

TEST(SymmetricEigenvectors, OfRankDeficientMatricesAreCompleted) {
  for (const int64_t n : {2, 9, 65, 200}) {
    for (const int64_t rank : {int64_t{0}, int64_t{1}, n / 3, n - 1}) {
      std::vector<double> values(static_cast<size_t>(n), 0);
      for (int64_t i = 0; i < rank; ++i) values[static_cast<size_t>(i)] = std::pow(10, -static_cast<double>(i % 7));
      expect_eigen(with_eigenvalues(values, 7), "rank " + std::to_string(rank) + " of " + std::to_string(n));
    }
    expect_eigen(Array::zeros({n, n}, DType::kFloat64), "zero matrix of " + std::to_string(n));
    Array ones = Array::zeros({n, n}, DType::kFloat64);
    for (double& value : ones.mutable_values<double>()) value = 1;
    expect_eigen(ones, "ones of " + std::to_string(n));
  }
}

TEST(SymmetricEigenvectors, HoldAtAnyScale) {
  const Array matrix = symmetric_random(30, 8);
  const SymmetricEigen plain = symmetric_eigenvectors(matrix);
  for (const double scale : {0x1p-900, 0x1p900}) {
    Array scaled = matrix.clone();
    for (double& value : scaled.mutable_values<double>()) value *= scale;
    const SymmetricEigen eigen = symmetric_eigenvectors(scaled);
    EXPECT_TRUE(test::identical(eigen.vectors, plain.vectors)) << scale;
    for (size_t i = 0; i < 30; ++i) EXPECT_EQ(eigen.values[i], plain.values[i] * scale);
  }
}

// A power law as features have it: relative to the largest, small ones are right too.
TEST(SymmetricEigenvectors, FindTheValuesThatAMatrixWasMadeOf) {
  std::vector<double> values(100);
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::pow(static_cast<double>(i + 1), -2);
  const SymmetricEigen eigen = symmetric_eigenvectors(with_eigenvalues(values, 9));
  EXPECT_TRUE(test::all_close(eigen.values, values, 2e-15));
  const Array q = orthogonal(100, 9);
  const Array products = test::plain_product(eigen.vectors, q.transposed());
  for (size_t k = 0; k < 100; ++k) EXPECT_NEAR(std::abs(products.values<double>()[k * 101]), 1, 1e-10) << k;
}

TEST(SymmetricEigenvectors, DoNotLookBelowTheDiagonal) {
  const Array matrix = symmetric_random(21, 10);
  Array upper = matrix.clone();
  for (size_t i = 0; i < 21; ++i) {
    for (size_t j = 0; j < i; ++j) upper.mutable_values<double>()[i * 21 + j] = NAN;
  }
  EXPECT_TRUE(test::identical(symmetric_eigenvectors(upper).vectors, symmetric_eigenvectors(matrix).vectors));
}

TEST(SymmetricEigenvectors, AreTheSameOnAnyNumberOfThreads) {
  // Large enough for products of several threads; with clusters.
  std::vector<double> values(400, 1e-3);
  for (size_t i = 0; i < 150; ++i) values[i] = std::pow(static_cast<double>(i + 1), -1);
  const Array matrix = symmetric_random(400, 11), clustered = with_eigenvalues(values, 12);
  for (const Array& one : {matrix, clustered}) {
    std::vector<SymmetricEigen> found;
    for (const size_t threads : {1, 3, 8}) {
      const ThreadLimit limit(threads);
      found.push_back(symmetric_eigenvectors(one));
    }
    for (size_t i = 1; i < found.size(); ++i) {
      EXPECT_EQ(found[i].values, found[0].values);
      EXPECT_TRUE(test::identical(found[i].vectors, found[0].vectors));
    }
  }
}

TEST(SymmetricEigenvectors, RefuseWhatTheirContractExcludes) {
  Array matrix = diagonal({1, 2, 3});
  for (const double bad : {NAN, INFINITY, -INFINITY}) {
    matrix.mutable_values<double>()[1] = bad;
    EXPECT_THROW(symmetric_eigenvectors(matrix), NumericalError) << bad;
    EXPECT_THROW(symmetric_eigenvalues(matrix), NumericalError) << bad;
  }
  for (const Array& wrong : {Array::zeros({2, 3}, DType::kFloat64), Array::zeros({3}, DType::kFloat64),
                             Array::zeros({0, 0}, DType::kFloat64), Array::zeros({3, 3}, DType::kFloat32),
                             Array::zeros({4, 6}, DType::kFloat64).transposed().slice(0, 4)}) {
    EXPECT_THROW(symmetric_eigenvectors(wrong), std::invalid_argument) << wrong.describe();
    EXPECT_THROW(symmetric_eigenvalues(wrong), std::invalid_argument) << wrong.describe();
  }
  EXPECT_THROW(symmetric_eigenvectors(diagonal({1}), 24), std::invalid_argument);
}

}  // namespace
}  // namespace directclr::linalg
