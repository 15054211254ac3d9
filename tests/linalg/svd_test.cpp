#include "directclr/linalg/svd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "tests/support/array_matchers.h"
#include "tests/support/matrices.h"

namespace directclr::linalg {
namespace {

using array::Array;
using array::DType;
using test::matrix_of_factors;
using test::normal_array;
using test::orthogonal;

constexpr SvdMethod kBoth[] = {SvdMethod::kGram, SvdMethod::kExact};

// Of what is zero rounding leaves the root of some 1e-16.
constexpr double kNothing = 5e-8;

double limit_of(SvdMethod method) { return method == SvdMethod::kExact ? 1e-14 : 1e-8; }
const char* name_of(SvdMethod method) { return method == SvdMethod::kExact ? "exact" : "gram"; }

// Over six decades.
std::vector<double> falling(int64_t count) {
  std::vector<double> sigma;
  for (int64_t k = 0; k < count; ++k) {
    sigma.push_back(3 *
                    std::pow(10, -6 * static_cast<double>(k) / static_cast<double>(std::max<int64_t>(count - 1, 1))));
  }
  return sigma;
}

Array scaled(const Array& matrix, double scale) {
  Array made = matrix.clone();
  for (double& value : made.mutable_values<double>()) value *= scale;
  return made;
}

// U S V^T, orthonormal vectors, and sigma in order: what thin_svd promises of any matrix.
Svd expect_svd(const Array& matrix, const std::string& what) {
  const Svd svd = thin_svd(matrix);
  const int64_t m = matrix.size(0), n = matrix.size(1), r = std::min(m, n);
  EXPECT_EQ(svd.u.shape(), (std::vector<int64_t>{r, m})) << what;
  EXPECT_EQ(svd.v.shape(), (std::vector<int64_t>{r, n})) << what;
  EXPECT_EQ(svd.sigma.size(), static_cast<size_t>(r)) << what;
  if (::testing::Test::HasFailure()) return svd;
  EXPECT_TRUE(std::is_sorted(svd.sigma.rbegin(), svd.sigma.rend())) << what;
  EXPECT_GE(svd.sigma.back(), 0) << what;
  EXPECT_LE(test::from_orthonormal(svd.u), 1e-9) << what << ": left";
  EXPECT_LE(test::from_orthonormal(svd.v), 1e-9) << what << ": right";
  EXPECT_LE(test::from_orthonormal(m >= n ? svd.v : svd.u), 2e-11) << what << ": the shorter";
  EXPECT_LE(test::largest_difference(matrix_of_factors(svd.u, svd.sigma, svd.v), matrix), kNothing * svd.sigma[0])
      << what;
  return svd;
}

const std::vector<std::pair<int64_t, int64_t>> kShapes = {{1, 1},    {1, 9},    {9, 1},   {2, 2},   {5, 3},
                                                          {3, 5},    {8, 8},    {16, 17}, {33, 12}, {12, 33},
                                                          {100, 40}, {40, 100}, {65, 64}, {200, 7}, {7, 200}};

TEST(SingularValues, AreThoseThatAMatrixWasMadeOf) {
  for (const auto& [m, n] : kShapes) {
    const std::vector<double> sigma = falling(std::min(m, n));
    const Array matrix = matrix_of_factors(orthogonal(m, 1), sigma, orthogonal(n, 2));
    for (const SvdMethod method : kBoth) {
      const std::vector<double> found = singular_values(matrix, method);
      EXPECT_TRUE(test::all_close(found, sigma, limit_of(method))) << name_of(method) << ", " << matrix.describe();
      EXPECT_TRUE(std::is_sorted(found.rbegin(), found.rend())) << name_of(method) << ", " << matrix.describe();
    }
  }
}

// The documentation: to 1e-16 times the largest squared over themselves.
TEST(SingularValues, OfGramMatricesAreRightWhereTheyAreNotSmall) {
  const std::vector<double> sigma = falling(40);
  const Array matrix = matrix_of_factors(orthogonal(80, 3), sigma, orthogonal(40, 4));
  const std::vector<double> found = singular_values(matrix, SvdMethod::kGram);
  for (size_t k = 0; k < sigma.size(); ++k) {
    EXPECT_NEAR(found[k], sigma[k], 2e-15 * sigma[0] * sigma[0] / sigma[k]) << k;
  }
}

TEST(SingularValues, AreThoseOfEveryFloatingType) {
  const Array matrix = normal_array(30, 20, 5);
  for (const DType type : {DType::kFloat32, DType::kFloat16, DType::kBFloat16}) {
    const Array narrow = matrix.to(type);
    for (const SvdMethod method : kBoth) {
      EXPECT_EQ(singular_values(narrow, method), singular_values(narrow.to(DType::kFloat64), method))
          << narrow.describe();
    }
  }
  // A view that is not contiguous.
  EXPECT_EQ(singular_values(matrix.transposed(), SvdMethod::kExact),
            singular_values(matrix.transposed().contiguous(), SvdMethod::kExact));
  EXPECT_EQ(singular_values(matrix.slice(0, 30, 3), SvdMethod::kGram),
            singular_values(matrix.slice(0, 30, 3).contiguous(), SvdMethod::kGram));
}

TEST(SingularValues, OfSimpleMatricesAreKnown) {
  for (const SvdMethod method : kBoth) {
    const double limit = limit_of(method);
    EXPECT_EQ(singular_values(Array::zeros({5, 3}, DType::kFloat64), method), std::vector<double>(3, 0));
    EXPECT_EQ(singular_values(Array::zeros({3, 5}, DType::kFloat64), method), std::vector<double>(3, 0));
    EXPECT_TRUE(test::all_close(singular_values(Array::of({-7}, {1, 1}), method), {7}, limit));
    EXPECT_TRUE(test::all_close(singular_values(Array::of({3, 0, 0, 0, 0, -4}, {2, 3}), method), {4, 3}, limit));
    EXPECT_TRUE(test::all_close(singular_values(Array::of({3, 4, 0, 0, 0, 0}, {3, 2}), method), {5, 0}, limit));
    EXPECT_TRUE(
        test::all_close(singular_values(Array::of({0, 1, 0, 0, 0, 1, 1, 0, 0}, {3, 3}), method), {1, 1, 1}, limit));
    EXPECT_TRUE(test::all_close(singular_values(Array::of({1, 1, 0, 1}, {2, 2}), method),
                                {(1 + std::sqrt(5)) / 2, (std::sqrt(5) - 1) / 2}, limit));
    // Ones: of rank one.
    Array ones = Array::zeros({40, 30}, DType::kFloat64);
    for (double& value : ones.mutable_values<double>()) value = 1;
    std::vector<double> expected(30, 0);
    expected[0] = std::sqrt(1200);
    EXPECT_TRUE(
        test::all_close(singular_values(ones, method), expected, method == SvdMethod::kExact ? limit : kNothing))
        << name_of(method);
  }
}

TEST(SingularValues, HoldAtAnyScale) {
  const Array matrix = normal_array(20, 12, 6);
  for (const SvdMethod method : kBoth) {
    const std::vector<double> plain = singular_values(matrix, method);
    for (const double scale : {0x1p-700, 0x1p-200, 0x1p200, 0x1p1000}) {
      std::vector<double> expected = plain;
      for (double& value : expected) value *= scale;
      EXPECT_TRUE(test::all_close(singular_values(scaled(matrix, scale), method), expected, 1e-14))
          << name_of(method) << ", " << scale;
    }
  }
  for (const double scale : {0x1p-700, 0x1p700}) {
    const Svd svd = thin_svd(scaled(matrix, scale)), plain = thin_svd(matrix);
    EXPECT_TRUE(test::all_close(svd.u, plain.u, 0, 1e-12)) << scale;
    EXPECT_TRUE(test::all_close(svd.v, plain.v, 0, 1e-12)) << scale;
    EXPECT_NEAR(svd.sigma[0] / scale, plain.sigma[0], 1e-14 * plain.sigma[0]) << scale;
  }
}

TEST(SingularValues, AreTheSameOnAnyNumberOfThreads) {
  const Array matrix = normal_array(300, 170, 7);
  std::vector<std::vector<double>> found;
  std::vector<Svd> vectors;
  for (const size_t threads : {1, 3, 8}) {
    const ThreadLimit limit(threads);
    for (const SvdMethod method : kBoth) found.push_back(singular_values(matrix, method));
    vectors.push_back(thin_svd(matrix));
  }
  for (size_t i = 2; i < found.size(); ++i) EXPECT_EQ(found[i], found[i % 2]);
  for (size_t i = 1; i < vectors.size(); ++i) {
    EXPECT_TRUE(test::identical(vectors[i].u, vectors[0].u));
    EXPECT_TRUE(test::identical(vectors[i].v, vectors[0].v));
  }
}

TEST(ThinSvd, FactorsMatricesOverSixDecades) {
  for (const auto& [m, n] : kShapes) {
    const int64_t r = std::min(m, n);
    const std::vector<double> sigma = falling(r);
    const Array u = orthogonal(m, 8), v = orthogonal(n, 9), matrix = matrix_of_factors(u, sigma, v);
    const Svd svd = expect_svd(matrix, matrix.describe());
    EXPECT_TRUE(test::all_close(svd.sigma, sigma, 1e-8)) << matrix.describe();
    // Each pair of vectors is the one of its value, up to a sign that both share. What a value is off by, and so a
    // vector, is in proportion to the largest squared.
    const Array along_u = test::plain_product(svd.u, u.slice(0, r).transposed()),
                along_v = test::plain_product(svd.v, v.slice(0, r).transposed());
    for (size_t k = 0; k < static_cast<size_t>(r); ++k) {
      if (sigma[k] < 1e-3 * sigma[0]) continue;
      const double left = along_u.values<double>()[k * static_cast<size_t>(r + 1)],
                   right = along_v.values<double>()[k * static_cast<size_t>(r + 1)];
      EXPECT_NEAR(std::abs(right), 1, 1e-8) << matrix.describe() << ", " << k;
      EXPECT_NEAR(left, right, 1e-8) << matrix.describe() << ", " << k;
    }
  }
}

// A tail below what Gram matrices show, and more small values than large ones: (A v) / |A v| alone would be far from
// orthogonal there.
TEST(ThinSvd, HoldsForQuicklyFallingSpectra) {
  for (const double power : {1.5, 3.0, 6.0}) {
    std::vector<double> sigma(150);
    for (size_t k = 0; k < sigma.size(); ++k) sigma[k] = std::pow(static_cast<double>(k + 1), -power);
    const Array matrix = matrix_of_factors(orthogonal(160, 17), sigma, orthogonal(150, 18));
    EXPECT_TRUE(test::all_close(expect_svd(matrix, "tall").sigma, sigma, kNothing)) << power;
    expect_svd(matrix.transposed(), "wide");
  }
}

TEST(ThinSvd, CompletesWhatBelongsToNoSingularValue) {
  for (const auto& [m, n] : kShapes) {
    expect_svd(Array::zeros({m, n}, DType::kFloat64), "zero");
    const int64_t r = std::min(m, n);
    for (const int64_t rank : {int64_t{1}, (r + 1) / 2, std::max<int64_t>(1, r - 1)}) {
      std::vector<double> sigma(static_cast<size_t>(r), 0);
      for (int64_t k = 0; k < rank; ++k) sigma[static_cast<size_t>(k)] = 1 / static_cast<double>(k + 1);
      const Array matrix = matrix_of_factors(orthogonal(m, 10), sigma, orthogonal(n, 11));
      const std::string what = matrix.describe() + " of rank " + std::to_string(rank);
      EXPECT_TRUE(test::all_close(expect_svd(matrix, what).sigma, sigma, kNothing)) << what;
    }
  }
}

TEST(ThinSvd, OfZeroRowsAndColumnsAndEqualValues) {
  Array rows = normal_array(30, 20, 12), columns = normal_array(30, 20, 13);
  for (size_t i = 0; i < 600; ++i) {
    if (i / 20 % 3 != 1) rows.mutable_values<double>()[i] = 0;  // ten rows are left
    if (i % 20 < 15) columns.mutable_values<double>()[i] = 0;   // five columns
  }
  const Svd of_rows = expect_svd(rows, "zero rows");
  EXPECT_LE(of_rows.sigma[10], 1e-7 * of_rows.sigma[0]);
  EXPECT_GT(of_rows.sigma[9], 0.1);
  EXPECT_LE(expect_svd(columns, "zero columns").sigma[5], 1e-7 * of_rows.sigma[0]);
  EXPECT_TRUE(test::all_close(expect_svd(orthogonal(24, 14), "orthogonal").sigma, std::vector<double>(24, 1), 1e-14));
  expect_svd(orthogonal(24, 15).slice(0, 10), "orthonormal rows");
}

TEST(Svd, RefusesWhatItsContractExcludes) {
  for (const double bad : {NAN, INFINITY, -INFINITY}) {
    Array matrix = normal_array(6, 4, 16);
    matrix.mutable_values<double>()[13] = bad;
    for (const SvdMethod method : kBoth) EXPECT_THROW(singular_values(matrix, method), NumericalError) << bad;
    EXPECT_THROW(thin_svd(matrix), NumericalError) << bad;
  }
  for (const Array& wrong : {Array::zeros({0, 3}, DType::kFloat64), Array::zeros({3, 0}, DType::kFloat64),
                             Array::zeros({3}, DType::kFloat64), Array::zeros({2, 2, 2}, DType::kFloat64),
                             Array::zeros({3, 3}, DType::kInt64), Array::zeros({3, 3}, DType::kBool)}) {
    for (const SvdMethod method : kBoth) EXPECT_THROW(singular_values(wrong, method), std::invalid_argument);
    EXPECT_THROW(thin_svd(wrong), std::invalid_argument) << wrong.describe();
  }
}

}  // namespace
}  // namespace directclr::linalg
