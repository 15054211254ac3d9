#pragma once

#include <bit>
#include <cstdint>

namespace directclr::array {

/// A 16-bit floating number, IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction. Widening is exact;
/// narrowing rounds to the nearest, ties to even, and gives infinity above 65,504.
struct Float16 {
  uint16_t bits = 0;

  Float16() = default;
  explicit Float16(float value) : bits(narrowed(value)) {}
  explicit operator float() const {
    const uint32_t sign = (bits & 0x8000U) << 16, rest = bits & 0x7FFFU;
    if (rest >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (rest & 0x3FFU) << 13);
    // The fraction stands at its place with an exponent that is too small by 112; the product puts that right, for
    // subnormal numbers too.
    const float magnitude = std::bit_cast<float>(rest << 13) * 0x1p112F;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  explicit operator double() const { return static_cast<double>(static_cast<float>(*this)); }

 private:
  static uint16_t narrowed(float value) {
    const uint32_t whole = std::bit_cast<uint32_t>(value), sign = whole >> 16 & 0x8000U;
    const float magnitude = std::bit_cast<float>(whole & 0x7FFFFFFFU);
    if (magnitude != magnitude) return static_cast<uint16_t>(sign | 0x7E00U);
    if (magnitude >= 65520.0F) return static_cast<uint16_t>(sign | 0x7C00U);
    if (magnitude < 0x1p-14F) {
      // Subnormal: adding 2^-1 leaves the wanted bits, rounded, as the lowest of the sum.
      const uint32_t sum = std::bit_cast<uint32_t>(magnitude + 0.5F);
      return static_cast<uint16_t>(sign | (sum - std::bit_cast<uint32_t>(0.5F)));
    }
    const uint32_t rest = std::bit_cast<uint32_t>(magnitude);
    const uint32_t odd = rest >> 13 & 1U;
    return static_cast<uint16_t>(sign | (((rest + 0xFFFU + odd) >> 13) - (112U << 10)));
  }
};

/// The upper half of a float32: 8 bits of exponent, 7 of fraction. Widening is exact; narrowing rounds to the nearest,
/// ties to even.
struct BFloat16 {
  uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value) {
    const uint32_t whole = std::bit_cast<uint32_t>(value);
    bits = static_cast<uint16_t>(value != value ? 0x7FC0U : (whole + 0x7FFFU + (whole >> 16 & 1U)) >> 16);
  }
  explicit operator float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }
  explicit operator double() const { return static_cast<double>(static_cast<float>(*this)); }
};

}  // namespace directclr::array
