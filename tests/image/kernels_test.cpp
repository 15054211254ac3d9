#include "directclr/image/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "directclr/core/philox.h"

namespace directclr::image {
namespace {

using Buffer = std::vector<uint8_t>;

// The variants that this processor can run.
std::vector<std::pair<std::string, const Kernels*>> variants() {
  std::vector<std::pair<std::string, const Kernels*>> all;
  for (const int bytes : {16, 32, 64}) {
    if (const Kernels* one = kernels_of_width(bytes)) all.emplace_back(std::to_string(bytes) + " bytes", one);
  }
  return all;
}

Buffer random_bytes(size_t count, uint64_t seed) {
  RandomStream random(seed, Purpose::kSplit);
  Buffer bytes(count);
  for (auto& b : bytes) b = static_cast<uint8_t>(random.below(256));
  return bytes;
}

// The place of the first difference, for the message; -1 when equal.
int64_t first_difference(const Buffer& a, const Buffer& b) {
  const auto [at, other] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return at == a.end() && other == b.end() ? -1 : at - a.begin();
}

// Lengths around the width of the registers, and odd ones.
constexpr size_t kLengths[] = {1, 7, 8, 9, 63, 64, 65, 71, 200};

// Three roundings a number, in the order of ToTensor and Normalize; every byte in every place of a register.
TEST(Kernels, NormalizeAsThePlainCode) {
  for (const auto& [name, kernels] : variants()) {
    if (!kernels->normalize) continue;  // where a table is as fast
    for (const auto& [mean, std] : {std::pair{0.485F, 0.229F},
                                    {0.456F, 0.224F},
                                    {0.406F, 0.225F},
                                    {0.4914F, 0.2470F},
                                    {0.4822F, 0.2435F},
                                    {0.4465F, 0.2616F},
                                    {0.2860F, 0.3530F},
                                    {0.0F, 1.0F}}) {
      for (size_t shift = 0; shift < 8; ++shift) {
        Buffer planes[3];
        for (size_t c = 0; c < 3; ++c) {
          for (size_t i = 0; i < 256 + shift; ++i) planes[c].push_back(static_cast<uint8_t>(i * (2 * c + 1) + shift));
        }
        const uint8_t* const channels[] = {planes[0].data(), planes[1].data(), planes[2].data()};
        const Normalization by{.mean = {mean, 0.5F, mean}, .std = {Divisor(std), Divisor(0.25F), Divisor(std)}};
        std::vector<float> actual(3 * (256 + shift));
        kernels->normalize(channels, 256 + shift, by, actual.data());
        for (size_t i = 0; i < actual.size(); ++i) {
          const float expected =
              (static_cast<float>(planes[i % 3][i / 3]) / 255.0F - by.mean[i % 3]) / by.std[i % 3].value;
          ASSERT_EQ(actual[i], expected) << name << ", mean " << mean << ", number " << i;
        }
      }
    }
  }
}

// Pillow's C code for one pixel: float and double where it has them.
void turn_hue_plainly(uint8_t& r, uint8_t& g, uint8_t& b, int turn) {
  const int top = std::max({r, g, b}), range = top - std::min({r, g, b});
  if (range == 0) return;
  const auto cr = static_cast<float>(range);
  const float s = cr / static_cast<float>(top);
  const float rc = static_cast<float>(top - r) / cr, gc = static_cast<float>(top - g) / cr,
              bc = static_cast<float>(top - b) / cr;
  float h = 0;
  if (r == top) {
    h = bc - gc;
  } else if (g == top) {
    h = static_cast<float>(2.0 + rc - bc);
  } else {
    h = static_cast<float>(4.0 + gc - rc);
  }
  h = static_cast<float>(std::fmod(h / 6.0 + 1.0, 1.0));
  const auto hue = static_cast<uint8_t>(static_cast<int>(h * 255.0) + turn);
  const auto saturation = static_cast<uint8_t>(s * 255.0);
  const auto v = static_cast<uint8_t>(top);
  if (saturation == 0) {
    r = g = b = v;
    return;
  }
  const double place = static_cast<float>(hue) * 6.0 / 255.0;
  const int sector = static_cast<int>(std::floor(place));
  const auto f = static_cast<float>(place - static_cast<float>(sector));
  const float fs = static_cast<float>(saturation) / 255.0F;
  const auto byte = [](double value) { return static_cast<uint8_t>(std::clamp(std::round(value), 0.0, 255.0)); };
  const uint8_t p = byte(v * (1.0 - fs)), q = byte(v * (1.0 - fs * f)), t = byte(v * (1.0 - fs * (1.0 - f)));
  const uint8_t table[6][3] = {{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}};
  r = table[sector % 6][0];
  g = table[sector % 6][1];
  b = table[sector % 6][2];
}

// Every hue, saturation and value that 2^18 colours of an even grid and of its neighbours reach, at every turn.
TEST(Kernels, TurnHueAsThePlainCode) {
  constexpr size_t kSide = 64;
  Buffer grid[3];
  for (size_t i = 0; i < kSide * kSide * kSide; ++i) {
    grid[0].push_back(static_cast<uint8_t>(4 * (i % kSide) + i / 5 % 4));
    grid[1].push_back(static_cast<uint8_t>(4 * (i / kSide % kSide) + i / 7 % 4));
    grid[2].push_back(static_cast<uint8_t>(4 * (i / kSide / kSide) + i / 11 % 4));
  }
  for (const int turn : {0, 1, 12, 25, 128, 231, 255}) {
    Buffer expected[] = {grid[0], grid[1], grid[2]};
    for (size_t i = 0; i < grid[0].size(); ++i) {
      turn_hue_plainly(expected[0][i], expected[1][i], expected[2][i], turn);
    }
    for (const auto& [name, kernel] : variants()) {
      Buffer actual[] = {grid[0], grid[1], grid[2]};
      kernel->turn_hue(actual[0].data(), actual[1].data(), actual[2].data(), grid[0].size(), turn);
      for (size_t c = 0; c < 3; ++c) {
        const int64_t place = first_difference(actual[c], expected[c]);
        ASSERT_EQ(place, -1) << name << ", turn " << turn << ", channel " << c << ", colour "
                             << int{grid[0][static_cast<size_t>(place)]} << " "
                             << int{grid[1][static_cast<size_t>(place)]} << " "
                             << int{grid[2][static_cast<size_t>(place)]};
      }
    }
  }
}

TEST(Kernels, ReverseAsThePlainCode) {
  for (const auto& [name, kernel] : variants()) {
    for (const size_t count : {0UL, 1UL, 15UL, 16UL, 31UL, 32UL, 33UL, 63UL, 224UL}) {
      const Buffer before = random_bytes(count + 2, 9);
      Buffer actual = before, expected = before;
      kernel->reverse(actual.data() + 1, count);
      std::reverse(expected.begin() + 1, expected.end() - 1);
      EXPECT_EQ(actual, expected) << name << ", " << count << " values";
    }
  }
}

uint8_t blend_plainly(int ground, int x, float factor) {
  const float value = static_cast<float>(ground) + factor * static_cast<float>(x - ground);
  return static_cast<uint8_t>(std::clamp(value, 0.0F, 255.0F));
}

TEST(Kernels, BlendAndSaturateAsThePlainCode) {
  for (const auto& [name, kernel] : variants()) {
    for (const size_t count : kLengths) {
      for (const float factor : {0.0F, 0.37F, 1.0F, 1.39999F, 2.0F}) {
        const Buffer r = random_bytes(count, 1), g = random_bytes(count, 2), b = random_bytes(count, 3);
        Buffer blended = r, expected = r;
        kernel->blend(blended.data(), count, 117, factor);
        for (auto& v : expected) v = blend_plainly(117, v, factor);
        EXPECT_EQ(blended, expected) << name << ", " << count << " values, factor " << factor;
        Buffer actual[] = {r, g, b}, plain[] = {r, g, b};
        kernel->saturate(actual[0].data(), actual[1].data(), actual[2].data(), count, factor);
        for (size_t i = 0; i < count; ++i) {
          const int gray = (19595 * r[i] + 38470 * g[i] + 7471 * b[i] + 0x8000) >> 16;
          for (auto& plane : plain) plane[i] = blend_plainly(gray, plane[i], factor);
        }
        for (size_t c = 0; c < 3; ++c) EXPECT_EQ(actual[c], plain[c]) << name << ", " << count << ", channel " << c;
      }
    }
  }
}

TEST(Kernels, BlurAsThePlainCode) {
  for (const auto& [name, kernel] : variants()) {
    for (const size_t count : kLengths) {
      for (const ptrdiff_t stride : {1, 13}) {
        for (const int radius : {0, 1, 4}) {
          const auto margin = static_cast<size_t>((radius + 1) * stride);
          const Buffer in = random_bytes(count + 2 * margin, 4);
          // The largest weights there are: sums come near 2^32.
          const uint32_t inner = (1U << 24) / static_cast<uint32_t>(2 * radius + 1) - 7, outer = 7;
          Buffer actual(count), expected(count);
          kernel->blur(in.data() + margin, actual.data(), count, stride, radius, inner, outer);
          for (size_t i = 0; i < count; ++i) {
            const uint8_t* at = in.data() + margin + i;
            uint64_t sum = 0;
            for (ptrdiff_t k = -radius; k <= radius; ++k) sum += at[k * stride];
            const uint64_t ends = uint64_t{at[-(radius + 1) * stride]} + at[(radius + 1) * stride];
            expected[i] = static_cast<uint8_t>((sum * inner + ends * outer + (1U << 23)) >> 24);
          }
          EXPECT_EQ(actual, expected) << name << ", " << count << " values, radius " << radius << ", stride " << stride;
        }
      }
    }
  }
}

uint8_t rounded(int64_t sum) { return static_cast<uint8_t>(std::clamp<int64_t>((sum + (1 << 21)) >> 22, 0, 255)); }

TEST(Kernels, ResizeAsThePlainCode) {
  RandomStream random(5, Purpose::kSplit);
  // Weights of either sign; sums go below 0 and above 255 and stay within 32 bits.
  const auto weight = [&] { return static_cast<int32_t>(random.below(1 << 20)) - (1 << 18); };
  for (const auto& [name, kernel] : variants()) {
    for (const int width : {3, 8, 17, 66}) {
      constexpr int kTaps = 5, kOut = 19;
      const ptrdiff_t stride = 3 * width + 5;
      const Buffer in = random_bytes(static_cast<size_t>(8 * stride), 6);
      std::vector<int> first, used;
      std::vector<int32_t> weights;
      for (int i = 0; i < kOut; ++i) {
        used.push_back(std::min(width, 1 + i % kTaps));
        first.push_back(static_cast<int>(random.below(static_cast<uint32_t>(width - used.back() + 1))));
        for (int k = 0; k < kTaps; ++k) weights.push_back(weight());
      }
      Buffer planes[3], scratch(static_cast<size_t>(24 * (width + kOut) + 64));
      for (auto& plane : planes) plane.assign(8 * 21, 0);
      uint8_t* const out[] = {planes[0].data(), planes[1].data(), planes[2].data()};
      kernel->resize_eight_rows(in.data(), stride, width, first.data(), used.data(), weights.data(), kTaps, kOut, out,
                                21, scratch.data());
      for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < 8; ++y) {
          for (int i = 0; i < kOut; ++i) {
            const auto at = static_cast<size_t>(i);
            int64_t sum = 0;
            for (int k = 0; k < used[at]; ++k) {
              sum += int64_t{in[static_cast<size_t>(y * stride + 3 * (first[at] + k) + c)]} *
                     weights[at * kTaps + static_cast<size_t>(k)];
            }
            ASSERT_EQ(planes[c][static_cast<size_t>(21 * y + i)], rounded(sum))
                << name << ", width " << width << ", channel " << c << ", row " << y << ", column " << i;
          }
          ASSERT_EQ(planes[c][static_cast<size_t>(21 * y + kOut)], 0) << name << " writes past the row";
        }
      }
    }
    for (const size_t width : kLengths) {
      constexpr int kUsed = 6;
      const Buffer in = random_bytes(kUsed * (width + 3), 7);
      std::vector<int32_t> weights;
      for (int k = 0; k < kUsed; ++k) weights.push_back(weight());
      Buffer actual(width), expected(width);
      kernel->resize_column(in.data(), static_cast<ptrdiff_t>(width + 3), width, weights.data(), kUsed, actual.data());
      for (size_t x = 0; x < width; ++x) {
        int64_t sum = 0;
        for (size_t k = 0; k < kUsed; ++k) sum += int64_t{in[k * (width + 3) + x]} * weights[k];
        expected[x] = rounded(sum);
      }
      EXPECT_EQ(actual, expected) << name << ", width " << width;
    }
  }
}

}  // namespace
}  // namespace directclr::image
