#include "directclr/image/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "directclr/core/philox.h"
#include "directclr/image/blur.h"

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
constexpr size_t kLengths[] = {1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 71, 200};

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

int luminance_plainly(int r, int g, int b) { return (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16; }

TEST(Kernels, LuminanceAsThePlainCode) {
  for (const auto& [name, kernel] : variants()) {
    for (const size_t count : kLengths) {
      Buffer r = random_bytes(count, 11), g = random_bytes(count, 12), b = random_bytes(count, 13);
      r[0] = g[0] = b[0] = 255;  // the largest sum
      Buffer expected(count);
      int64_t sum = 0;
      for (size_t i = 0; i < count; ++i) {
        expected[i] = static_cast<uint8_t>(luminance_plainly(r[i], g[i], b[i]));
        sum += expected[i];
      }
      EXPECT_EQ(kernel->luminance_sum(r.data(), g.data(), b.data(), count), sum) << name << ", " << count << " pixels";
      kernel->gray(r.data(), g.data(), b.data(), count);
      for (const Buffer* plane : {&r, &g, &b}) EXPECT_EQ(*plane, expected) << name << ", " << count << " pixels";
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
          const int gray = luminance_plainly(r[i], g[i], b[i]);
          for (auto& plane : plain) plane[i] = blend_plainly(gray, plane[i], factor);
        }
        for (size_t c = 0; c < 3; ++c) EXPECT_EQ(actual[c], plain[c]) << name << ", " << count << ", channel " << c;
      }
    }
  }
}

TEST(Kernels, InvertFromAsThePlainCode) {
  for (const auto& [name, kernels] : variants()) {
    for (const size_t count : kLengths) {
      for (const uint8_t threshold : Buffer{0, 1, 128, 255}) {
        const Buffer before = random_bytes(count, count);
        Buffer after = before;
        kernels->invert_from(after.data(), count, threshold);
        for (size_t i = 0; i < count; ++i) {
          ASSERT_EQ(after[i], before[i] < threshold ? before[i] : 255 - before[i]) << name << ", byte " << i;
        }
      }
    }
  }
}

TEST(Kernels, BlurAsThePlainCode) {
  for (const auto& [name, kernel] : variants()) {
    for (const size_t count : kLengths) {
      for (const ptrdiff_t stride : {1, 13}) {
        for (const int radius : {0, 1, 4, 63, 64}) {
          const auto margin = static_cast<size_t>((radius + 1) * stride);
          const Buffer in = random_bytes(count + 2 * margin, 4);
          // The largest weights there are: sums come near 2^32.
          const BoxFilter box{radius, (1U << 24) / static_cast<uint32_t>(2 * radius + 1) - 7, 7};
          Buffer actual(count), expected(count);
          kernel->blur(in.data() + margin, actual.data(), count, stride, box);
          for (size_t i = 0; i < count; ++i) {
            const uint8_t* at = in.data() + margin + i;
            uint64_t sum = 0;
            for (ptrdiff_t k = -radius; k <= radius; ++k) sum += at[k * stride];
            const uint64_t ends = uint64_t{at[-(radius + 1) * stride]} + at[(radius + 1) * stride];
            expected[i] = static_cast<uint8_t>((sum * box.inner + ends * box.outer + (1U << 23)) >> 24);
          }
          EXPECT_EQ(actual, expected) << name << ", " << count << " values, radius " << radius << ", stride " << stride;
        }
      }
    }
  }
}

// Every middle with every sum of the ends, for weights all over the range that a radius of 0 has.
TEST(Kernels, BlurByDifferenceAsThePlainCode) {
  // Row by row: what comes before, the middle, what comes after.
  Buffer before, middle, after;
  for (int x = 0; x < 256; ++x) {
    for (int ends = 0; ends <= 510; ++ends) {
      before.push_back(static_cast<uint8_t>(ends / 2));
      middle.push_back(static_cast<uint8_t>(x));
      after.push_back(static_cast<uint8_t>(ends - ends / 2));
    }
  }
  const auto count = static_cast<ptrdiff_t>(middle.size());
  Buffer in = before;
  in.insert(in.end(), middle.begin(), middle.end());
  in.insert(in.end(), after.begin(), after.end());
  for (const auto& [name, kernel] : variants()) {
    for (uint32_t outer = 0; outer <= (1U << 24) / 3; outer += 78'787) {
      const BoxFilter box{.radius = 0, .inner = (1U << 24) - 2 * outer, .outer = outer, .by_difference = true};
      Buffer actual(middle.size());
      kernel->blur(in.data() + count, actual.data(), middle.size(), count, box);
      for (size_t i = 0; i < actual.size(); ++i) {
        const uint64_t ends = uint64_t{before[i]} + after[i];
        const uint64_t expected = (middle[i] * uint64_t{box.inner} + ends * outer + (1U << 23)) >> 24;
        ASSERT_EQ(actual[i], expected) << name << ", outer " << outer << ", middle " << int{middle[i]} << ", ends "
                                       << ends;
      }
    }
  }
}

// All of a blur against the same passes written out, for widths of the box from nothing to three pixels: some of them
// lose a unit of weight, and where that shows must not be blurred by differences.
TEST(Kernels, GaussianBlurAsThePlainCode) {
  constexpr int kWidth = 37, kHeight = 21;
  const auto box_pass = [](const Buffer& in, int length, int step, int lines, int line_step, int radius, uint32_t inner,
                           uint32_t outer) {
    Buffer out(in.size());
    for (int line = 0; line < lines; ++line) {
      const auto at = [&](int i) {
        return uint64_t{in[static_cast<size_t>(line * line_step + std::clamp(i, 0, length - 1) * step)]};
      };
      for (int i = 0; i < length; ++i) {
        uint64_t sum = 0;
        for (int k = -radius; k <= radius; ++k) sum += at(i + k);
        out[static_cast<size_t>(line * line_step + i * step)] =
            static_cast<uint8_t>((sum * inner + (at(i - radius - 1) + at(i + radius + 1)) * outer + (1U << 23)) >> 24);
      }
    }
    return out;
  };
  for (int step = 1; step <= 400; ++step) {
    const auto sigma = 0.005F * static_cast<float>(step);
    const float variance = sigma * sigma / 3;
    const auto length = static_cast<float>(std::sqrt(12.0 * variance + 1.0));
    const auto whole = static_cast<float>(std::floor((length - 1.0) / 2.0));
    float part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance);
    part /= 6 * (variance - (whole + 1) * (whole + 1));
    const float radius = whole + part;
    const auto inner = static_cast<uint32_t>((1 << 24) / (radius * 2 + 1));
    const uint32_t outer = ((1 << 24) - static_cast<uint32_t>(2 * static_cast<int>(radius) + 1) * inner) / 2;
    Planes planes(kWidth, kHeight);
    Buffer expected[3];
    for (int c = 0; c < 3; ++c) {
      expected[c] = random_bytes(kWidth * kHeight, static_cast<uint64_t>(100 + c));
      std::copy(expected[c].begin(), expected[c].end(), planes.plane(c));
      for (int i = 0; i < 3; ++i)
        expected[c] = box_pass(expected[c], kWidth, 1, kHeight, kWidth, static_cast<int>(radius), inner, outer);
      for (int i = 0; i < 3; ++i)
        expected[c] = box_pass(expected[c], kHeight, kWidth, kWidth, 1, static_cast<int>(radius), inner, outer);
    }
    gaussian_blur(planes, sigma);
    for (int c = 0; c < 3; ++c) {
      ASSERT_EQ(first_difference(Buffer(planes.plane(c), planes.plane(c) + kWidth * kHeight), expected[c]), -1)
          << "sigma " << sigma;
    }
  }
}

uint8_t rounded(int64_t sum) { return static_cast<uint8_t>(std::clamp<int64_t>((sum + (1 << 21)) >> 22, 0, 255)); }

// Taps with windows in random places and random weights of either sign: sums go below 0 and above 255.
ResizeTaps random_taps(int in, int outputs, int window, uint64_t seed) {
  RandomStream random(seed, Purpose::kSplit);
  ResizeTaps taps;
  taps.in = in;
  taps.window = std::min(in, window);
  const auto most = static_cast<uint32_t>((1 << 23) / taps.window);
  for (int i = 0; i < outputs; ++i) {
    taps.first.push_back(static_cast<int>(random.below(static_cast<uint32_t>(in - taps.window + 1))));
    for (int k = 0; k < taps.window; ++k) {
      // Halves, quarters and the like now and then: their sums lie on the border between two bytes.
      const int32_t weight = i % 3 == 0 ? (1 << 22) / taps.window
                                        : static_cast<int32_t>(random.below(most)) - static_cast<int32_t>(most / 4);
      taps.weights.push_back(weight);
    }
  }
  std::sort(taps.first.begin(), taps.first.end());
  return taps;
}

TEST(Kernels, ResizeAsThePlainCode) {
  for (const auto& [name, kernel] : variants()) {
    for (const int in : {1, 3, 8, 17, 66, 300}) {
      for (const int outputs : {1, 7, 8, 19}) {
        for (const int window : {1, 2, 4, 5, 6, 7, 8, 9, 10, 33}) {
          ResizeTaps taps = random_taps(in, outputs, window, static_cast<uint64_t>(in * outputs + window));
          kernel->prepare(taps);
          const auto expected = [&](const Buffer& from, ptrdiff_t at, ptrdiff_t step, int i) {
            const auto place = static_cast<size_t>(i);
            int64_t sum = 0;
            for (int k = 0; k < taps.window; ++k) {
              sum += int64_t{from[static_cast<size_t>(at + step * (taps.first[place] + k))]} *
                     taps.weights[place * static_cast<size_t>(taps.window) + static_cast<size_t>(k)];
            }
            return rounded(sum);
          };
          Buffer scratch(resize_scratch(taps));
          for (const int rows : {1, 5, 8}) {
            const ptrdiff_t stride = 3 * in + 5, out_stride = outputs + 2;
            const Buffer from = random_bytes(static_cast<size_t>((rows - 1) * stride + 3 * in), 6);
            Buffer planes[3];
            for (auto& plane : planes) plane.assign(static_cast<size_t>(9 * out_stride), 0);
            uint8_t* const out[] = {planes[0].data(), planes[1].data(), planes[2].data()};
            kernel->resize_rows(from.data(), stride, rows, taps, out, out_stride, scratch.data());
            for (int c = 0; c < 3; ++c) {
              for (int y = 0; y < 9; ++y) {
                for (int i = 0; i < out_stride; ++i) {
                  const int wanted = y < rows && i < outputs ? expected(from, y * stride + c, 3, i) : 0;
                  ASSERT_EQ(planes[c][static_cast<size_t>(out_stride * y + i)], wanted)
                      << name << ", " << in << " to " << outputs << ", window " << window << ", channel " << c
                      << ", row " << y << " of " << rows << ", column " << i;
                }
              }
            }
          }
          for (const size_t width : {size_t{1}, size_t{31}, size_t{32}, size_t{65}}) {
            const auto stride = static_cast<ptrdiff_t>(width + 3);
            const Buffer from = random_bytes(static_cast<size_t>((in - 1) * stride) + width, 7);
            Buffer actual(width * static_cast<size_t>(outputs) + 1);
            kernel->resize_columns(from.data(), stride, width, taps, actual.data());
            for (int i = 0; i < outputs; ++i) {
              for (size_t x = 0; x < width; ++x) {
                ASSERT_EQ(actual[static_cast<size_t>(i) * width + x],
                          expected(from, static_cast<ptrdiff_t>(x), stride, i))
                    << name << ", " << in << " to " << outputs << " rows of " << width << ", window " << window
                    << ", row " << i << ", column " << x;
              }
            }
            ASSERT_EQ(actual.back(), 0) << name << " writes past the end";
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace directclr::image
