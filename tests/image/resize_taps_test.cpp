#include "directclr/image/resize_taps.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

namespace directclr::image {
namespace {

TEST(ResizeTaps, SumToOneAndAreTheSameInRegistersOfEveryWidth) {
  ResizeTapsWork work;
  for (const Filter filter : {Filter::kBilinear, Filter::kBicubic}) {
    for (const auto& [in, out] : {std::pair{1, 1}, {1, 9}, {31, 7}, {32, 224}, {500, 224}, {333, 33}}) {
      ResizeTaps expected, taps;
      make_taps(in, out, filter, expected, work, 16);
      const auto window = static_cast<size_t>(expected.window);
      for (size_t i = 0; i < static_cast<size_t>(out); ++i) {
        int64_t sum = 0;
        for (size_t k = 0; k < window; ++k) sum += expected.weights[i * window + k];
        EXPECT_NEAR(static_cast<double>(sum), 1 << 22, static_cast<double>(window)) << in << " to " << out;
      }
      for (const int bytes : {32, 64}) {
        if (bytes > vector_bytes()) {
          EXPECT_THROW(make_taps(in, out, filter, taps, work, bytes), std::invalid_argument);
          continue;
        }
        make_taps(in, out, filter, taps, work, bytes);
        EXPECT_EQ(taps.first, expected.first) << in << " to " << out << ", " << bytes << " bytes";
        EXPECT_EQ(taps.weights, expected.weights) << in << " to " << out << ", " << bytes << " bytes";
      }
    }
  }
}

}  // namespace
}  // namespace directclr::image
