#include "directclr/spectrum/spectra_log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "directclr/core/json.h"
#include "tests/support/error_of.h"

namespace directclr::spectrum {
namespace {

std::vector<double> powers_of_two(int64_t count) {
  std::vector<double> values;
  for (int64_t k = 0; k < count; ++k) values.push_back(std::ldexp(1.0, static_cast<int>(-k)));
  return values;
}

TEST(SpectraLog, KeepsAllOfFewAndTheEndsOfMany) {
  EXPECT_EQ(logged_ranks(3), (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(logged_ranks(64).back(), 63);
  EXPECT_EQ(logged_ranks(1), (std::vector<int64_t>{0}));
  for (const int64_t dimensions : {65, 512, 2048}) {
    const auto ranks = logged_ranks(dimensions);
    ASSERT_EQ(ranks.size(), 64U);
    EXPECT_EQ(ranks.front(), 0);
    EXPECT_EQ(ranks.back(), dimensions - 1);
    for (size_t i = 1; i < ranks.size(); ++i) EXPECT_LT(ranks[i - 1], ranks[i]);
  }
  EXPECT_EQ(logged_ranks(512)[32], 32 * 511 / 63);
}

TEST(SpectraLog, ReadsBackWhatItWrites) {
  std::vector<double> r = powers_of_two(100);
  r.back() = 0;
  const std::vector<double> z = {100, 1, 0.01};
  const std::string text = spectra_head("0123456789abcdef", 100, 3) +
                           spectra_line(1, logged_spectrum(r), logged_spectrum(z)) +
                           spectra_line(50, logged_spectrum(r), logged_spectrum({10, 10, 10}));
  EXPECT_EQ(Json::parse(text.substr(0, text.find('\n'))).at("run_id"), "0123456789abcdef");
  for (const std::string end : {"", "{\"step\": 51, \"r\": [1"}) {  // cut short by a death
    const SpectraLog log = read_spectra_log(text + end);
    EXPECT_EQ(log.steps, (std::vector<int64_t>{1, 50}));
    ASSERT_EQ(log.r[0].size(), 64U);
    EXPECT_NEAR(log.r[0][1], std::log10(r[1]), 5e-5);
    EXPECT_EQ(log.r[0].back(), -INFINITY);
    EXPECT_EQ(log.z[0], (std::vector<double>{2, 0, -2}));
    EXPECT_EQ(log.z[1], (std::vector<double>{1, 1, 1}));
  }
  // z that is r.
  const SpectraLog alone = read_spectra_log(spectra_head("", 2, 0) + spectra_line(1, {0, -1}, {}));
  EXPECT_EQ(alone.z_dimensions, 0);
  EXPECT_TRUE(alone.z.empty());
  EXPECT_EQ(alone.r[0], (std::vector<double>{0, -1}));
  EXPECT_TRUE(read_spectra_log("").steps.empty());
}

TEST(SpectraLog, RefusesWhatItDoesNotKnow) {
  using test::error_of;
  EXPECT_NE(error_of([] { read_spectra_log("{\"version\": 2, \"r_dimensions\": 1}\n"); }).find("version 2"),
            std::string::npos);
  EXPECT_NE(error_of([] {
              read_spectra_log("{\"version\": 1, \"r_dimensions\": 2}\n{\"step\": 1, \"r\": [0]}\n");
            }).find("1 eigenvalues of r, not 2"),
            std::string::npos);
  EXPECT_NE(error_of([] { read_spectra_log("{\"version\": 1, \"r_dimensions\": 2}\nnothing\n"); }), "no error");
}

TEST(LogHistogram, CountsEveryEigenvalueAboveZeroOnce) {
  std::vector<double> values = {1000, 100, 100, 10, 1, 0, 0};
  const LogHistogram h = log_histogram(values, 3);
  ASSERT_EQ(h.limit.size(), 3U);
  EXPECT_NEAR(h.limit[0], 1, 1e-12);
  EXPECT_EQ(h.limit[2], 3);
  EXPECT_EQ(std::accumulate(h.count.begin(), h.count.end(), 0.0), 5);
  EXPECT_EQ(h.count[2], 1) << "1000 alone: 100 is the limit of the bucket below";
  EXPECT_EQ(h.least, 0);
  EXPECT_EQ(h.largest, 3);
  EXPECT_NEAR(h.sum, 8, 1e-12);
  EXPECT_NEAR(h.sum_of_squares, 18, 1e-12);
  EXPECT_TRUE(log_histogram({0, 0}).count.empty());
  EXPECT_EQ(log_histogram({5, 5}).count, (std::vector<double>{2}));
}

}  // namespace
}  // namespace directclr::spectrum
