#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "directclr/core/dispatch.h"

#pragma GCC diagnostic ignored "-Wpsabi"
#define DIRECTCLR_KERNELS "tests/core/vector_exp_test.cpp"
#include "directclr/core/variants.inc"

namespace directclr {
namespace DIRECTCLR_VARIANT {
namespace {

#include "directclr/core/vector_exp.inc"

void in_doubles(const double* x, double* to) { store(to, exp_in_range(load(x))); }
void in_floats(const float* x, float* to) { store(to, exp_in_range(load(x))); }
void of_nonpositive_doubles(const double* x, double* to) { store(to, exp_of_nonpositive(load(x))); }
void of_nonpositive_floats(const float* x, float* to) { store(to, exp_of_nonpositive(load(x))); }

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
namespace {

// e^x of each number in registers of `bytes`; the numbers fill them.
template <class T>
std::vector<T> exponentials_of(const KernelVariants<void(const T*, T*)>& variants, int bytes, const std::vector<T>& x) {
  std::vector<T> to(x.size());
  const auto& kernel = variants.required(bytes);
  for (size_t at = 0; at < x.size(); at += static_cast<size_t>(bytes) / sizeof(T)) kernel(&x[at], &to[at]);
  return to;
}

std::vector<int> widths() {
  std::vector<int> all;
  for (const int bytes : {16, 32, 64}) {
    if (DIRECTCLR_VARIANTS(in_doubles).of_width(bytes)) all.push_back(bytes);
  }
  return all;
}

// 2^18 numbers from lowest to highest: within two units in the last place of e^x, the same bits at every width.
template <class T>
void expect_exponentials(const KernelVariants<void(const T*, T*)>& variants, double lowest, double highest) {
  constexpr size_t kCount = 262144;
  std::vector<T> x(kCount);
  for (size_t i = 0; i < kCount; ++i) {
    x[i] = static_cast<T>(lowest + (highest - lowest) * (static_cast<double>(i) / (kCount - 1)));
  }
  const auto found = exponentials_of(variants, 16, x);
  double worst = 0;
  for (size_t i = 0; i < kCount; ++i) {
    const long double exact = std::exp(static_cast<long double>(x[i]));
    const T nearest = static_cast<T>(exact), unit = nearest - std::nextafter(nearest, T{0});
    worst = std::max(worst, static_cast<double>(std::abs(static_cast<long double>(found[i]) - exact) / unit));
  }
  EXPECT_LE(worst, 2) << lowest << " to " << highest;
  for (const int bytes : widths()) EXPECT_EQ(exponentials_of(variants, bytes, x), found) << bytes << " bytes";
}

TEST(VectorExponential, IsWithinTwoUnitsInTheLastPlaceAndTheSameBitsAtEveryWidth) {
  expect_exponentials<double>(DIRECTCLR_VARIANTS(in_doubles), -708, 709);
  expect_exponentials<double>(DIRECTCLR_VARIANTS(in_doubles), -1, 1);
  expect_exponentials<float>(DIRECTCLR_VARIANTS(in_floats), -87, 88);
  expect_exponentials<float>(DIRECTCLR_VARIANTS(in_floats), -1, 1);
}

TEST(VectorExponential, OfNonpositiveNumbersEndsWhereTheExponentDoes) {
  for (const int bytes : widths()) {
    const std::vector<double> x = {0, -0.0, -708.5, -1e300, -INFINITY, NAN, -1e-300, -708};
    const auto found = exponentials_of<double>(DIRECTCLR_VARIANTS(of_nonpositive_doubles), bytes, x);
    for (const size_t i : {0, 1, 6}) EXPECT_EQ(found[i], 1) << i;
    for (const size_t i : {2, 3, 4}) EXPECT_EQ(found[i], 0) << i;
    EXPECT_TRUE(std::isnan(found[5]));
    EXPECT_GT(found[7], 0);
    std::vector<float> y(16, -87);
    y[1] = -88;
    y[2] = -INFINITY;
    y[3] = 0;
    const auto floats = exponentials_of<float>(DIRECTCLR_VARIANTS(of_nonpositive_floats), bytes, y);
    EXPECT_GT(floats[0], 0);
    EXPECT_EQ(floats[1], floats[0]);
    EXPECT_EQ(floats[2], floats[0]);
    EXPECT_EQ(floats[3], 1);
  }
}

}  // namespace
#endif

}  // namespace directclr
