#include "directclr/spectrum/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "directclr/core/philox.h"

namespace directclr::spectrum {
namespace {

std::vector<double> uniform_numbers(size_t count, uint64_t seed) {
  RandomStream random(seed, Purpose::kSplit);
  std::vector<double> x(count);
  for (auto& value : x) value = random.uniform(-1, 1);
  return x;
}

// All that the kernels of one type give for a row: sum of squares, potential, sums, squares.
template <class T>
std::vector<double> results_of(const Kernels::Of<T>& kernels, const std::vector<T>& x) {
  const auto n = static_cast<int64_t>(x.size());
  std::vector<double> sum(x.size(), 0.5), squares(x.size(), 0.25);
  kernels.add_scaled(x.data(), 0.7, n, sum.data(), squares.data());
  const std::vector<T> base(x.rbegin(), x.rend());
  kernels.add_apart(x.data(), base.data(), n, sum.data());
  std::vector<double> results = {kernels.square_sum(x.data(), n), kernels.potential(x.data(), n)};
  results.insert(results.end(), sum.begin(), sum.end());
  results.insert(results.end(), squares.begin(), squares.end());
  return results;
}

TEST(SpectrumKernels, AreTheirDefinitionsAndTheSameBitsInRegistersOfEveryWidth) {
  for (const size_t n : {1, 7, 8, 9, 31, 32, 33, 100}) {
    const auto x = uniform_numbers(n, 1), y = uniform_numbers(n, 2);
    const std::vector<float> narrow(x.begin(), x.end());
    double squares = 0, distance = 0, potential = 0;
    for (size_t i = 0; i < n; ++i) {
      squares += x[i] * x[i];
      distance += (x[i] - y[i]) * (x[i] - y[i]);
      potential += std::exp(4 * x[i] - 4);
    }
    std::vector<double> expected;
    for (const int bytes : {16, 32, 64}) {
      const Kernels* const kernels = kernels_of_width(bytes);
      if (!kernels) continue;
      std::vector<double> found = results_of(kernels->doubles, x);
      EXPECT_NEAR(found[0], squares, 2e-15 * squares);
      EXPECT_NEAR(found[1], potential, 4e-15 * potential);
      EXPECT_EQ(found[2], 0.5 + x[0] * 0.7 + (x[0] - x[n - 1]));
      EXPECT_EQ(found[2 + n], 0.25 + x[0] * 0.7 * (x[0] * 0.7));
      const std::vector<double> of_floats = results_of(kernels->floats, narrow);
      EXPECT_NEAR(of_floats[1], potential, 1e-6 * potential);
      found.insert(found.end(), of_floats.begin(), of_floats.end());
      found.push_back(kernels->squared_distance(x.data(), y.data(), static_cast<int64_t>(n)));
      EXPECT_NEAR(found.back(), distance, 2e-15 * distance);
      if (expected.empty()) expected = found;
      EXPECT_EQ(found, expected) << n << " numbers, registers of " << bytes << " bytes";
    }
  }
  EXPECT_EQ(kernels_of_width(24), nullptr);
}

// One number above the floor, in every place.
TEST(SpectrumKernels, PassOverWhatIsNotAboveTheFloor) {
  constexpr size_t kCount = 3 * Kernels::kStep + 5;
  for (const int bytes : {16, 32, 64}) {
    const Kernels* const kernels = kernels_of_width(bytes);
    if (!kernels) continue;
    for (size_t place = 0; place < kCount; ++place) {
      std::vector<float> values(kCount, 1), halves(kCount, 0.5F);
      values[place] = 2;
      const auto end = static_cast<int64_t>(kCount);
      const auto expected = std::min(static_cast<int64_t>(place) / Kernels::kStep, int64_t{3}) * Kernels::kStep;
      EXPECT_EQ(kernels->next_above(values.data(), halves.data(), 0.5F, 0, end), expected) << place;
      EXPECT_EQ(kernels->next_above_floors(values.data(), 0.5F, halves.data(), 0, end), expected) << place;
    }
  }
}

}  // namespace
}  // namespace directclr::spectrum
