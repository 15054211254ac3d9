#include "directclr/theory/contrastive_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "directclr/core/error.h"
#include "directclr/core/json.h"
#include "directclr/theory/complex_step.h"
#include "directclr/theory/random.h"
#include "tests/support/error_of.h"
#include "tests/support/theory_golden.h"

namespace directclr::theory {
namespace {

LossForm form_of(const Json& item) {
  return {item.at("similarity") == "dot" ? Similarity::kDot : Similarity::kDistance,
          item.at("negatives") == "other" ? Negatives::kOtherBranch : Negatives::kSameBranch,
          item.at("temperature").get<double>()};
}

TEST(TheoryLoss, EqualsPyTorchsAutomaticDifferentiation) {
  const test::Golden golden("theory");
  int seen = 0;
  for (const auto& item : golden.cases) {
    if (item.at("kind") != "loss") continue;
    ++seen;
    const auto inputs = item.at("inputs").get<std::string>(), prefix = item.at("prefix").get<std::string>();
    const Matrix z = test::matrix_of(golden[inputs + "z"]), z_prime = test::matrix_of(golden[inputs + "z_prime"]);
    Matrix grad_z, grad_z_prime;
    ContrastiveLoss loss(form_of(item));
    const double value = loss(z, z_prime, grad_z, grad_z_prime);
    const auto expected = item.at("value").get<double>();
    EXPECT_NEAR(value, expected, 1e-11 * std::max(1.0, std::abs(expected))) << prefix;
    EXPECT_TRUE(test::near(grad_z, test::matrix_of(golden[prefix + "grad_z"]), 1e-11)) << prefix;
    EXPECT_TRUE(test::near(grad_z_prime, test::matrix_of(golden[prefix + "grad_z_prime"]), 1e-11)) << prefix;
  }
  EXPECT_EQ(seen, 48);
}

TEST(TheoryLoss, TwoSamplesByHand) {
  // z = (0), (1); z' = (0), (3): distances z1-z2 1/2, z1-z'1 0, z2-z'2 2.
  const Matrix z = (Matrix(1, 2) << 0, 1).finished(), z_prime = (Matrix(1, 2) << 0, 3).finished();
  Matrix grad_z, grad_z_prime;
  const double alpha_1 = 1 / (1 + std::exp(-0.5)), alpha_2 = std::exp(-2) / (std::exp(-2) + std::exp(-0.5));
  EXPECT_NEAR(ContrastiveLoss({})(z, z_prime, grad_z, grad_z_prime), -std::log(alpha_1) - std::log(alpha_2), 1e-15);
  // g_z'2 = (1 - alpha_22)(z'_2 - z_2).
  EXPECT_NEAR(grad_z_prime(0, 1), (1 - alpha_2) * 2, 1e-15);
  EXPECT_EQ(grad_z_prime(0, 0), 0);
}

TEST(TheoryLoss, KeepsItsDigitsWhenThePositiveHasWon) {
  // Far apart: 1 - alpha_ii = e^{-800}, which a subtraction would lose; and nothing overflows.
  const Matrix z = (Matrix(1, 2) << 0, 40).finished();
  Matrix grad_z, grad_z_prime;
  EXPECT_NEAR(ContrastiveLoss({})(z, z, grad_z, grad_z_prime), 0, 1e-300);
  const Matrix near_by = (Matrix(1, 2) << 0, 8).finished();
  const Matrix moved = near_by.array() + 1;
  ContrastiveLoss({})(near_by, moved, grad_z, grad_z_prime);
  const double others = std::exp(-32.0), self = std::exp(-0.5);
  EXPECT_NEAR(grad_z_prime(0, 0) / (others / (others + self)), 1, 1e-12);
}

TEST(TheoryLoss, DoesNotDependOnTheOrderOfTheSamples) {
  RandomStream random(1, Purpose::kTheoryCheck);
  const Matrix z = normal(random, 3, 11), z_prime = normal(random, 3, 11);
  Eigen::PermutationMatrix<Eigen::Dynamic> order(11);
  order.setIdentity();
  std::swap(order.indices()(0), order.indices()(7));
  std::swap(order.indices()(3), order.indices()(10));
  for (const auto negatives : {Negatives::kSameBranch, Negatives::kOtherBranch}) {
    ContrastiveLoss loss({Similarity::kDistance, negatives, 0.5});
    Matrix grad_z, grad_z_prime, moved_z, moved_z_prime;
    const double value = loss(z, z_prime, grad_z, grad_z_prime);
    EXPECT_NEAR(loss(z * order, z_prime * order, moved_z, moved_z_prime), value, 1e-13 * value);
    EXPECT_TRUE(test::near(moved_z, grad_z * order, 1e-13));
  }
}

TEST(TheoryLoss, DistancesIgnoreAShiftAndARotation) {
  RandomStream random(2, Purpose::kTheoryCheck);
  const Matrix z = normal(random, 4, 9), z_prime = normal(random, 4, 9), q = random_orthogonal(random, 4);
  const Vector shift = normal(random, 4, 1);
  Matrix a, b;
  ContrastiveLoss loss({});
  const double value = loss(z, z_prime, a, b);
  EXPECT_NEAR(loss((q * z).colwise() + shift, (q * z_prime).colwise() + shift, a, b), value, 1e-12);
}

TEST(TheoryLoss, SoftmaxWeightsSumToOneByRows) {
  RandomStream random(3, Purpose::kTheoryCheck);
  const Matrix z = normal(random, 2, 6), z_prime = normal(random, 2, 6);
  const Matrix alpha = softmax_weights({}, z, z_prime);
  EXPECT_TRUE(test::near(alpha.rowwise().sum(), Vector::Ones(6), 1e-15));
  Matrix a, b;
  EXPECT_NEAR(ContrastiveLoss({})(z, z_prime, a, b), -alpha.diagonal().array().log().sum(), 1e-13);
}

TEST(TheoryLoss, RefusesWhatItsContractExcludes) {
  Matrix a, b;
  EXPECT_NE(test::error_of([] {
              ContrastiveLoss({Similarity::kDot, Negatives::kSameBranch, 0});
            }).find("above 0"),
            std::string::npos);
  EXPECT_NE(test::error_of([&] {
              ContrastiveLoss({})(Matrix::Zero(2, 1), Matrix::Zero(2, 1), a, b);
            }).find("at least 2 samples"),
            std::string::npos);
  EXPECT_NE(test::error_of([&] {
              ContrastiveLoss({})(Matrix::Zero(2, 3), Matrix::Zero(2, 4), a, b);
            }).find("2 x 3 and 2 x 4"),
            std::string::npos);
}

TEST(ComplexStep, DifferentiatesAKnownFunctionToTheLastDigit) {
  const Matrix at = (Matrix(1, 2) << 0.3, 2.0).finished();
  const Matrix gradient =
      complex_step_gradient([](const ComplexMatrix& x) { return std::exp(x(0, 0)) * std::sin(x(0, 1)); }, at);
  EXPECT_NEAR(gradient(0, 0), std::exp(0.3) * std::sin(2.0), 1e-15);
  EXPECT_NEAR(gradient(0, 1), std::exp(0.3) * std::cos(2.0), 1e-15);
}

}  // namespace
}  // namespace directclr::theory
