#include "directclr/spectrum/spectrum.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "directclr/core/error.h"
#include "directclr/core/parallel.h"
#include "directclr/linalg/scatter.h"
#include "directclr/spectrum/covariance.h"
#include "directclr/tensor/arrays.h"
#include "tests/support/tensor_matchers.h"

namespace directclr::spectrum {
namespace {

using array::Array;
using array::DType;
using tensor::array_of;
using tensor::tensor_of;
using tensor::values_of;

at::Tensor plain_covariance(const at::Tensor& z) {
  const at::Tensor centred = z.to(at::kDouble) - z.to(at::kDouble).mean(0);
  return centred.t().mm(centred) / static_cast<double>(z.size(0));
}

TEST(Covariance, DoesNotDependOnHowTheRowsArrive) {
  at::manual_seed(1);
  const at::Tensor z = at::randn({100, 7}) * 3 + 1000;  // a large mean is where naive sums lose their digits
  for (const int64_t block : {1, 3, 50, 100}) {
    Covariance covariance(7);
    for (int64_t begin = 0; begin < 100; begin += block) covariance.add(array_of(z.slice(0, begin, begin + block)));
    EXPECT_EQ(covariance.count(), 100);
    EXPECT_TRUE(test::all_close(tensor_of(covariance.matrix()), plain_covariance(z), 1e-11)) << "block " << block;
    EXPECT_TRUE(test::all_close(tensor_of(covariance.sums().mean), z.to(at::kDouble).mean(0), 1e-14));
  }
}

TEST(Covariance, IsThatOfRowsOfAnyFloatingType) {
  at::manual_seed(8);
  for (const auto type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16}) {
    for (const int64_t n : {1, 2, 383, 770}) {
      const at::Tensor rows = (at::randn({n, 97}) * 2 + 3).to(type);
      Covariance covariance(97);
      covariance.add(array_of(rows));
      EXPECT_TRUE(test::all_close(tensor_of(covariance.matrix()), plain_covariance(rows), 1e-14, 1e-30))
          << c10::toString(type) << ", " << n;
    }
  }
}

// Widths around those of the panels and products, rows around those that are taken at once, every kind of processor.
TEST(Scatter, IsTheProductOfCentredRowsOnAndAboveTheDiagonal) {
  at::manual_seed(5);
  for (const int bytes : {16, 32, 64}) {
    if (bytes > vector_bytes()) continue;
    for (const auto type : {at::kDouble, at::kFloat}) {
      for (const int64_t d : {1, 5, 8, 23, 24, 25, 97, 200}) {
        for (const int64_t n : {1, 2, 383, 385, 770}) {
          const at::Tensor rows = (at::randn({n, d}) * 2 + 3).to(type), wide = rows.to(at::kDouble);
          const at::Tensor mean = wide.mean(0), shift = at::randn({d}, at::kDouble),
                           before = at::randn({d, d}, at::kDouble);
          Array sums = array_of(before.clone());
          linalg::add_scatter(array_of(rows), values_of(mean), values_of(shift), sums, bytes);
          const at::Tensor actual = tensor_of(sums);
          const at::Tensor scatter = (wide - mean).t().mm(wide - mean) + at::outer(shift, shift),
                           expected = before + scatter;
          // n + 2 roundings of sums that stay below the largest on the diagonal and what was there.
          const double bound = 1.2e-16 * static_cast<double>(n + 2) * (scatter.max().item<double>() + 5);
          EXPECT_TRUE(test::all_close(actual.triu(), expected.triu(), 0, 2 * bound))
              << bytes << " bytes, " << c10::toString(type) << ", " << n << " x " << d;
        }
      }
    }
  }
}

TEST(Scatter, DoesNotDependOnTheNumberOfThreads) {
  at::manual_seed(6);
  const at::Tensor rows = at::randn({500, 210});
  const std::vector<double> mean = values_of(rows.to(at::kDouble).mean(0));
  at::Tensor sums[2];
  for (size_t i = 0; i < 2; ++i) {
    const ThreadLimit limit(i == 0 ? 1 : 3);
    Array own = Array::zeros({210, 210}, DType::kFloat64);
    linalg::add_scatter(array_of(rows), mean, mean, own);
    sums[i] = tensor_of(own);
  }
  EXPECT_TRUE(at::equal(sums[0].triu(), sums[1].triu()));
}

TEST(Covariance, RefusesWhatItsContractExcludes) {
  Covariance covariance(3);
  EXPECT_THROW(covariance.matrix(), std::invalid_argument);
  Array sums = Array::zeros({3, 3}, DType::kFloat64);
  const std::vector<double> three(3, 0);
  EXPECT_THROW(linalg::add_scatter(array_of(at::ones({2, 3}, at::kHalf)), three, three, sums), std::invalid_argument);
  EXPECT_THROW(covariance.spectra(), std::invalid_argument);
  EXPECT_THROW(covariance.add(array_of(at::randn({2, 4}))), std::invalid_argument);
  EXPECT_THROW(covariance.add(array_of(at::ones({2, 3}, at::kLong))), std::invalid_argument);
  EXPECT_THROW(covariance.add(Array::of({1.0, std::nan(""), 0.0}, {1, 3})), NumericalError);
}

TEST(CovarianceSpectrum, GivesTheSquaredSingularValuesOfCentredRows) {
  at::manual_seed(2);
  const at::Tensor z = at::randn({40, 12}, at::kDouble).mm(at::randn({12, 12}, at::kDouble));
  const at::Tensor sigma = std::get<1>(at::linalg_svd(z - z.mean(0), false));
  const auto values = covariance_spectrum(array_of(plain_covariance(z)));
  EXPECT_TRUE(test::all_close(at::tensor(values, at::kDouble), sigma.square() / 40, 1e-12));
}

TEST(EffectiveRank, HasItsClosedForms) {
  EXPECT_NEAR(effective_rank(std::vector<double>(9, 0.3)), 9, 1e-12);
  EXPECT_NEAR(effective_rank({5, 0, 0}), 1, 1e-15);
  EXPECT_NEAR(effective_rank({1, 1, 0, 0}), 2, 1e-12);
  EXPECT_NEAR(effective_rank({3, 1}), std::exp(0.75 * std::log(4.0 / 3) + 0.25 * std::log(4.0)), 1e-12);
  EXPECT_EQ(effective_rank({0, 0}), 0);
  EXPECT_NEAR(effective_rank({3e-30, 1e-30}), effective_rank({3, 1}), 1e-12);  // scale free
}

TEST(ParticipationRatio, HasItsClosedForms) {
  EXPECT_NEAR(participation_ratio(std::vector<double>(9, 0.3)), 9, 1e-12);
  EXPECT_NEAR(participation_ratio({2, 1}), 9.0 / 5, 1e-15);
  EXPECT_EQ(participation_ratio({0, 0}), 0);
}

TEST(CountBelow, ComparesWithTheLargest) {
  EXPECT_EQ(count_below({1, 0.5, 1e-5, 0}, 1e-4), 2);
  EXPECT_EQ(count_below({0, 0}, 1e-4), 2);
  EXPECT_EQ(count_below({}, 1e-4), 0);
}

TEST(Summarize, FindsTheRankOfRankDeficientFeatures) {
  at::manual_seed(3);
  const at::Tensor z = at::randn({500, 4}).mm(at::randn({4, 20}));
  const auto summary = summarize(array_of(z), false);
  EXPECT_EQ(summary.below_1e_6, 16);
  EXPECT_EQ(summary.values.size(), 20U);
  EXPECT_LE(summary.effective_rank_sigma, 4.01);
}

TEST(Summarize, IsUnchangedByRotationAndBySampleOrder) {
  at::manual_seed(4);
  const at::Tensor z = at::randn({300, 8}, at::kDouble) * at::arange(1, 9).to(at::kDouble);
  const at::Tensor q = std::get<0>(at::linalg_qr(at::randn({8, 8}, at::kDouble)));
  const at::Tensor expected = at::tensor(summarize(array_of(z), true).values, at::kDouble);
  EXPECT_TRUE(test::all_close(at::tensor(summarize(array_of(z.mm(q)), true).values, at::kDouble), expected, 1e-12));
  EXPECT_TRUE(test::all_close(at::tensor(summarize(array_of(z.flip(0)), true).values, at::kDouble), expected, 1e-12));
}

// Both spectra, against those of the matrices themselves, found one after the other.
TEST(Summarize, IsTheSameOnAnyNumberOfThreads) {
  at::manual_seed(7);
  const at::Tensor z = at::randn({2000, 520}) * at::pow(10.0, -at::arange(520) / 130.0) + 0.5;
  const at::Tensor wide = z.to(at::kDouble), moment = wide.t().mm(wide) / 2000;
  const at::Tensor centred = at::linalg_eigvalsh(plain_covariance(z)).flip(0);
  const at::Tensor uncentred = at::linalg_eigvalsh(moment).flip(0);
  std::vector<double> first;
  for (const size_t count : {1, 2, 4}) {
    const ThreadLimit limit(count);
    const auto summary = summarize(array_of(z), false);
    if (first.empty()) first = summary.values;
    EXPECT_EQ(summary.values, first) << count << " threads";
    EXPECT_TRUE(test::all_close(at::tensor(summary.values, at::kDouble), centred, 0, 3e-14)) << count << " threads";
    EXPECT_TRUE(test::all_close(at::tensor(summary.uncentred, at::kDouble), uncentred, 0, 3e-12)) << count;
  }
}

TEST(Summarize, MarksConstantFeaturesAsCollapsed) {
  const auto summary = summarize(array_of(at::ones({50, 6})), false);
  EXPECT_EQ(summary.effective_rank_lambda, 0);
  EXPECT_EQ(summary.below_1e_4, 6);
}

}  // namespace
}  // namespace directclr::spectrum
