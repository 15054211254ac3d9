#include "directclr/theory/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>
#include <vector>

#include "directclr/theory/products.h"
#include "directclr/theory/random.h"
#include "tests/support/theory_golden.h"

namespace directclr::theory {
namespace {

#define DIRECTCLR_BYTES 16
#define DIRECTCLR_INLINE inline __attribute__((always_inline))
#include "directclr/core/vector_exp.inc"
#include "directclr/theory/lanes.inc"

TEST(Lanes, ExponentialIsRightToTheLastDigits) {
  double worst = 0;
  for (int step = 0; step <= 70800; ++step) {
    const double x = -0.01 * step;
    Lanes lanes(x);
    exp_of_nonpositive(lanes);
    worst = std::max(worst, std::abs(lanes[3] / std::exp(x) - 1));
  }
  EXPECT_LE(worst, 4.5e-16);  // two units in the last place
  const double numbers[kLanes] = {0, -0.0, -708.5, -1e300, -INFINITY, NAN, -1e-300, -708};
  Lanes ends(numbers);
  exp_of_nonpositive(ends);
  EXPECT_EQ(ends[0], 1);
  EXPECT_EQ(ends[1], 1);
  EXPECT_EQ(ends[2], 0);
  EXPECT_EQ(ends[3], 0);
  EXPECT_EQ(ends[4], 0);
  EXPECT_TRUE(std::isnan(ends[5]));
  EXPECT_EQ(ends[6], 1);
  EXPECT_GT(ends[7], 0);
}

TEST(Lanes, LogarithmSineAndCosineAreRightToTheLastDigits) {
  double log_worst = 0, sine_worst = 0;
  for (int step = 1; step <= 40000; ++step) {
    const double x = step / 40000.0;
    Lanes lanes(x), tiny(x * 0x1p-33), sine, cosine;
    log_of_positive(lanes);
    log_of_positive(tiny);
    log_worst = std::max({log_worst, std::abs(lanes[0] - std::log(x)) / std::max(std::abs(std::log(x)), 1e-300),
                          std::abs(tiny[5] / std::log(x * 0x1p-33) - 1)});
    sine_and_cosine(Lanes(x), sine, cosine);
    const long double angle = 2 * std::numbers::pi_v<long double> * x;
    sine_worst = std::max({sine_worst, static_cast<double>(std::abs(sine[2] - sinl(angle))),
                           static_cast<double>(std::abs(cosine[7] - cosl(angle)))});
  }
  EXPECT_LE(log_worst, 1e-15);
  EXPECT_LE(sine_worst, 4e-16);
}

TEST(Lanes, LoadsStoresAndReduces) {
  const double numbers[kLanes] = {5, 1, 7, 2, 3, 8, 4, 6};
  Lanes lanes(numbers, 5), other(numbers);
  EXPECT_EQ(sum(lanes), 18);
  EXPECT_EQ(largest(other), 8);
  keep_larger(lanes, Lanes(2.5));
  EXPECT_EQ(lanes[1], 2.5);
  EXPECT_EQ(lanes[2], 7);
  double out[kLanes] = {};
  (other * other - lanes).store(out, 3);
  EXPECT_EQ(out[2], 42);
  EXPECT_EQ(out[3], 0);
}

// Each kernel on the same input, for every width that this processor has: the same bits.
TEST(Kernels, GiveTheSameBitsInRegistersOfEveryWidth) {
  for (const size_t samples : {2, 9, 37, 64}) {
    constexpr size_t kFeatures = 5;
    const size_t stride = (samples + kLanes - 1) / kLanes * kLanes;
    RandomStream random(samples, Purpose::kTheoryCheck);
    std::vector<double> z(kFeatures * stride), offset(stride), positive(stride);
    for (size_t k = 0; k < kFeatures; ++k) {
      for (size_t i = 0; i < samples; ++i) z[k * stride + i] = random.uniform(-2, 2);
    }
    for (size_t i = 0; i < samples; ++i) positive[i] = random.uniform(-2, 2);
    std::vector<double> expected;
    for (const int bytes : {16, 32, 64}) {
      const Kernels* kernels = kernels_of_width(bytes);
      if (!kernels) continue;
      std::vector<double> out((kMostRows + 2 * kFeatures + 2) * stride);
      double* at = out.data();
      const auto take = [&](size_t rows) { return std::exchange(at, at + rows * stride); };
      const ContrastivePairs pairs{kFeatures,       samples,         stride,  z.data(), z.data(),
                                   offset.data(),   positive.data(), false,   0.7,      take(kMostRows),
                                   take(kFeatures), take(kFeatures), take(1), take(1)};
      std::vector<double> result = {kernels->contrastive_loss(pairs)};
      result.insert(result.end(), pairs.pull, pairs.pull + (2 * kFeatures + 2) * stride);
      std::vector<double> product(3 * samples), outer(kFeatures * kFeatures);
      kernels->multiply(z.data(), 3, kFeatures, z.data(), samples, product.data());
      kernels->add_outer_product(z.data(), kFeatures, z.data(), kFeatures, samples, outer.data());
      result.insert(result.end(), product.begin(), product.end());
      result.insert(result.end(), outer.begin(), outer.end());
      std::array<double, 64> normals;
      RandomStream stream(7, Purpose::kTheoryCheck, 3);
      kernels->normals_of_blocks(stream.take_blocks(16), 16, normals.data());
      result.insert(result.end(), normals.begin(), normals.end());
      if (expected.empty()) expected = result;
      EXPECT_EQ(result, expected) << samples << " samples, registers of " << bytes << " bytes";
    }
  }
  EXPECT_EQ(kernels_of_width(24), nullptr);
}

TEST(Kernels, NormalsAreBoxAndMullersTransformOfTheStreamsWords) {
  RandomStream blocks(11, Purpose::kTheoryNoise, 2, 5, 1), words(11, Purpose::kTheoryNoise, 2, 5, 1);
  std::array<double, 64> normals;
  kernels().normals_of_blocks(blocks.take_blocks(16), 16, normals.data());
  for (size_t block = 0; block < 16; ++block) {
    for (size_t pair = 0; pair < 2; ++pair) {
      const double radius = std::sqrt(-2 * std::log((words.bits() + 0.5) * 0x1p-32));
      const double angle = 2 * std::numbers::pi * 0x1p-32 * words.bits();
      const size_t at = block / kLanes * 4 * kLanes + 2 * pair * kLanes + block % kLanes;
      EXPECT_NEAR(normals[at], radius * std::cos(angle), 3e-15) << block;
      EXPECT_NEAR(normals[at + kLanes], radius * std::sin(angle), 3e-15) << block;
    }
  }
  EXPECT_EQ(blocks.bits(), words.bits());  // both go on with block 16
}

TEST(Products, EqualEigensForEveryShape) {
  RandomStream random(4, Purpose::kTheoryCheck);
  for (const Index rows : {1, 3, 4, 9}) {
    for (const Index samples : {1, 7, 8, 9, 33}) {
      const Matrix w = normal(random, rows, 5), x = normal(random, 5, samples), g = normal(random, rows, samples);
      const Matrix h = normal(random, rows, samples), y = normal(random, 5, samples);
      Matrix out;
      multiply(w, x, out);
      EXPECT_TRUE(test::near(out, w * x, 1e-14)) << rows << " x " << samples;
      outer_product(g, x, h, y, out);
      EXPECT_TRUE(test::near(out, g * x.transpose() + h * y.transpose(), 1e-14)) << rows << " x " << samples;
    }
  }
}

}  // namespace
}  // namespace directclr::theory
