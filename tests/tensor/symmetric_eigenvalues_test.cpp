#include "directclr/linalg/symmetric_eigenvalues.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <stdexcept>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/tensor/arrays.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::linalg {
namespace {

using tensor::array_of;
using tensor::values_of;

at::Tensor tensor_of(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

// LAPACK's, largest first.
at::Tensor lapack(const at::Tensor& matrix) { return at::linalg_eigvalsh(matrix).flip(0); }

// What LAPACK's may differ by: implicit QR steps add roundings of the largest eigenvalue, more in larger matrices.
double limit(const at::Tensor& eigenvalues) {
  const double n = static_cast<double>(eigenvalues.size(0));
  return 1e-15 * std::sqrt(n + 10) * eigenvalues.abs().max().item<double>();
}

// Sizes around those of the blocks, of the steps taken at once, and of what several threads share; each width of
// register.
TEST(SymmetricEigenvalues, AreLapacksAlsoAfterAnUpdate) {
  at::manual_seed(1);
  for (const int bytes : {16, 32, 64}) {
    if (bytes > vector_bytes()) continue;
    for (const int64_t n : {1, 2, 3, 7, 8, 9, 31, 33, 64, 97, 200, 383, 410}) {
      const at::Tensor z = at::randn({n, n}, at::kDouble);
      const at::Tensor v = at::randn({n}, at::kDouble) * 3;
      // Of both signs; positive with a quickly falling spectrum; of low rank.
      const at::Tensor scales = at::pow(10.0, -at::arange(n, at::kDouble) / 9);
      for (const at::Tensor& matrix : {at::Tensor(z + z.t()), at::Tensor((z * scales).t().mm(z * scales)),
                                       at::Tensor(z.narrow(0, 0, (n + 2) / 3).t().mm(z.narrow(0, 0, (n + 2) / 3)))}) {
        const at::Tensor symmetric = (matrix + matrix.t()) / 2, updated = symmetric + at::outer(v, v);
        const at::Tensor upper = symmetric.triu() + at::randn({n, n}, at::kDouble).tril(-1);  // not looked at
        const auto [plain, changed] = symmetric_eigenvalues_with(array_of(upper), values_of(v), bytes);
        const at::Tensor expected = lapack(symmetric), expected_changed = lapack(updated);
        EXPECT_TRUE(
            test::all_close(tensor_of(symmetric_eigenvalues(array_of(upper), bytes)), expected, 0, limit(expected)))
            << n << ", " << bytes << " bytes";
        EXPECT_TRUE(test::all_close(tensor_of(plain), expected, 0, limit(expected_changed))) << n << ", " << bytes;
        EXPECT_TRUE(test::all_close(tensor_of(changed), expected_changed, 0, limit(expected_changed)))
            << n << ", " << bytes;
      }
    }
  }
}

// Where they are known, -2 + 2 cos(j pi / (n + 1)): second differences, turned by a reflection.
TEST(SymmetricEigenvalues, AreThoseOfSecondDifferences) {
  const int64_t n = 150;
  at::Tensor u = at::arange(1, n + 1, at::kDouble);
  u /= u.norm();
  const at::Tensor turn = at::eye(n, at::kDouble) - 2 * at::outer(u, u);
  const at::Tensor ones = at::ones({n - 1}, at::kDouble);
  const at::Tensor differences = at::diag(ones, 1) + at::diag(ones, -1) - 2 * at::eye(n, at::kDouble);
  const at::Tensor expected = -2 + 2 * at::cos(at::arange(1, n + 1, at::kDouble) * (M_PI / static_cast<double>(n + 1)));
  EXPECT_TRUE(
      test::all_close(tensor_of(symmetric_eigenvalues(array_of(turn.mm(differences).mm(turn)))), expected, 0, 2e-14));
}

// Against Eigen's in long double, which has eleven bits more.
TEST(SymmetricEigenvalues, AreRightToFewRoundings) {
  using Wide = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  at::manual_seed(4);
  const int64_t n = 160;
  const at::Tensor z = at::randn({n / 3, n}, at::kDouble), matrix = z.t().mm(z).triu().contiguous();
  Wide wide(n, n);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i; j < n; ++j) wide(i, j) = wide(j, i) = matrix[i][j].item<double>();
  }
  const Eigen::SelfAdjointEigenSolver<Wide> solver(wide, Eigen::EigenvaluesOnly);
  const auto actual = symmetric_eigenvalues(array_of(matrix));
  const double bound = 4 * 2.3e-16 * actual[0];
  for (int64_t i = 0; i < n; ++i) {
    EXPECT_NEAR(actual[static_cast<size_t>(i)], static_cast<double>(solver.eigenvalues()(n - 1 - i)), bound) << i;
  }
}

TEST(SymmetricEigenvalues, OfSimpleMatricesAreKnown) {
  EXPECT_EQ(symmetric_eigenvalues(array_of(at::zeros({5, 5}, at::kDouble))), std::vector<double>(5, 0.0));
  EXPECT_TRUE(test::all_close(
      tensor_of(symmetric_eigenvalues(array_of(at::diag(at::tensor({1.0, -4.0, 3.0, 2.0}, at::kDouble))))),
      at::tensor({3.0, 2.0, 1.0, -4.0}, at::kDouble), 0, 1e-15));
  const auto [plain, changed] =
      symmetric_eigenvalues_with(array_of(at::zeros({3, 3}, at::kDouble)), std::vector<double>{0, 5, 0});
  EXPECT_EQ(plain, (std::vector<double>{0, 0, 0}));
  EXPECT_TRUE(test::all_close(tensor_of(changed), at::tensor({25.0, 0.0, 0.0}), 0, 4e-15));
  const auto none = symmetric_eigenvalues_with(array_of(at::eye(4, at::kDouble)), std::vector<double>(4, 0));
  EXPECT_EQ(none.first, none.second);
}

TEST(SymmetricEigenvalues, KeepTheirDigitsAtAnyScale) {
  at::manual_seed(2);
  const at::Tensor z = at::randn({40, 40}, at::kDouble), matrix = z + z.t();
  const at::Tensor expected = tensor_of(symmetric_eigenvalues(array_of(matrix)));
  for (const double scale : {0x1p-900, 0x1p900}) {
    EXPECT_TRUE(at::equal(tensor_of(symmetric_eigenvalues(array_of(matrix * scale))), expected * scale)) << scale;
  }
}

TEST(SymmetricEigenvalues, DoNotDependOnTheNumberOfThreads) {
  at::manual_seed(3);
  const at::Tensor z = at::randn({450, 450}, at::kDouble), matrix = z + z.t();
  const auto on = [&](size_t threads) {
    const ThreadLimit limit(threads);
    return symmetric_eigenvalues(array_of(matrix));
  };
  EXPECT_EQ(on(1), on(3));
}

TEST(SymmetricEigenvalues, RefuseWhatIsNotFinite) {
  at::Tensor matrix = at::eye(9, at::kDouble);
  matrix[2][7] = std::nan("");
  EXPECT_THROW(symmetric_eigenvalues(array_of(matrix)), NumericalError);
  matrix[2][7] = -INFINITY;
  EXPECT_THROW(symmetric_eigenvalues(array_of(matrix)), NumericalError);
  matrix[2][7] = 0;
  matrix[7][2] = std::nan("");
  EXPECT_NEAR(symmetric_eigenvalues(array_of(matrix))[8], 1, 1e-15) << "below the diagonal";
  EXPECT_THROW(symmetric_eigenvalues_with(array_of(matrix), std::vector<double>(9, NAN)), NumericalError);
  EXPECT_THROW(symmetric_eigenvalues(array_of(at::ones({2, 3}, at::kDouble))), std::invalid_argument);
  EXPECT_THROW(symmetric_eigenvalues_with(array_of(at::eye(3, at::kDouble)), std::vector<double>(2, 0)),
               std::invalid_argument);
}

}  // namespace
}  // namespace directclr::linalg
