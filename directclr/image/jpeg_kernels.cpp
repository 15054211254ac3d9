#include "directclr/image/jpeg_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>

#include "directclr/core/dispatch.h"

#define DIRECTCLR_KERNELS_ON_BYTES
#define DIRECTCLR_KERNELS "directclr/image/jpeg_kernels.cpp"
#include "directclr/core/variants.inc"

namespace directclr::image {
namespace DIRECTCLR_VARIANT {
namespace {

using Bytes16 = uint8_t __attribute__((vector_size(16)));
using Samples = uint8_t __attribute__((vector_size(32)));
using Row = uint16_t __attribute__((vector_size(16)));
using Rows = uint16_t __attribute__((vector_size(32)));  // of two blocks; unsigned, so that sums may wrap
using Ints8 = int32_t __attribute__((vector_size(32)));
using Words16 = int16_t __attribute__((vector_size(32)));
using Unsigned16 = uint16_t __attribute__((vector_size(32)));

#include "directclr/image/jpeg_entropy_kernels.inc"

// ---- The inverse cosine transform: Loeffler, Ligtenberg and Moschytz with 13-bit constants, as the "slow integer" one
// of libjpeg does it, in 16-bit sums, 32-bit products and saturation to 16 bits after the first pass.

constexpr int k0298 = 2446, k0390 = 3196, k0541 = 4433, k0765 = 6270, k0899 = 7373, k1175 = 9633, k1501 = 12299,
              k1847 = 15137, k1961 = 16069, k2053 = 16819, k2562 = 20995, k3072 = 25172;

struct Sums {
  Ints8 front, back;
};
DIRECTCLR_INLINE Sums operator+(Sums a, Sums b) { return {a.front + b.front, a.back + b.back}; }
DIRECTCLR_INLINE Sums operator-(Sums a, Sums b) { return {a.front - b.front, a.back - b.back}; }
DIRECTCLR_INLINE Sums operator>>(Sums a, int shift) { return {a.front >> shift, a.back >> shift}; }

// Two blocks go side by side, a row of each in a register; nothing crosses its middle.
#if DIRECTCLR_HAVE_AVX2
DIRECTCLR_INLINE __m256i register_of(Rows v) { return reinterpret_cast<__m256i>(v); }
// Words of a and b by turns, from the front or the back half of each block's row.
DIRECTCLR_INLINE Rows front(Rows a, Rows b) {
  return reinterpret_cast<Rows>(_mm256_unpacklo_epi16(register_of(a), register_of(b)));
}
DIRECTCLR_INLINE Rows back(Rows a, Rows b) {
  return reinterpret_cast<Rows>(_mm256_unpackhi_epi16(register_of(a), register_of(b)));
}
DIRECTCLR_INLINE Sums weigh(Rows a, Rows b, int of_a, int of_b) {
  const __m256i weights = _mm256_set1_epi32(of_b * 65536 + (of_a & 0xFFFF));
  return {reinterpret_cast<Ints8>(_mm256_madd_epi16(register_of(front(a, b)), weights)),
          reinterpret_cast<Ints8>(_mm256_madd_epi16(register_of(back(a, b)), weights))};
}
DIRECTCLR_INLINE Rows saturated(Sums v) {
  return reinterpret_cast<Rows>(
      _mm256_packs_epi32(reinterpret_cast<__m256i>(v.front), reinterpret_cast<__m256i>(v.back)));
}
// Samples are -128 .. 127 around the middle: those of a, then those of b, block by block.
DIRECTCLR_INLINE Samples samples(Rows a, Rows b) {
  const __m256i bytes = _mm256_packs_epi16(register_of(a), register_of(b));
  return reinterpret_cast<Samples>(_mm256_add_epi8(bytes, _mm256_set1_epi8(-128)));
}
DIRECTCLR_INLINE Samples front(Samples a, Samples b) {
  return reinterpret_cast<Samples>(_mm256_unpacklo_epi8(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
DIRECTCLR_INLINE Samples back(Samples a, Samples b) {
  return reinterpret_cast<Samples>(_mm256_unpackhi_epi8(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
#else
DIRECTCLR_INLINE Rows front(Rows a, Rows b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 8, 24, 9, 25, 10, 26, 11, 27);
}
DIRECTCLR_INLINE Rows back(Rows a, Rows b) {
  return __builtin_shufflevector(a, b, 4, 20, 5, 21, 6, 22, 7, 23, 12, 28, 13, 29, 14, 30, 15, 31);
}
DIRECTCLR_INLINE Ints8 front_numbers(Rows v) {
  const auto x = reinterpret_cast<Words16>(v);
  return __builtin_convertvector(__builtin_shufflevector(x, x, 0, 1, 2, 3, 8, 9, 10, 11), Ints8);
}
DIRECTCLR_INLINE Ints8 back_numbers(Rows v) {
  const auto x = reinterpret_cast<Words16>(v);
  return __builtin_convertvector(__builtin_shufflevector(x, x, 4, 5, 6, 7, 12, 13, 14, 15), Ints8);
}
DIRECTCLR_INLINE Sums weigh(Rows a, Rows b, int of_a, int of_b) {
  return {front_numbers(a) * of_a + front_numbers(b) * of_b, back_numbers(a) * of_a + back_numbers(b) * of_b};
}
DIRECTCLR_INLINE Rows saturated(Sums v) {
  const auto clamped = [](Ints8 x) {
    const Ints8 low = Ints8{} - 32768, high = Ints8{} + 32767;
    x = x < low ? low : x;
    return __builtin_convertvector(x > high ? high : x, Row);
  };
  return __builtin_shufflevector(clamped(v.front), clamped(v.back), 0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14,
                                 15);
}
DIRECTCLR_INLINE Samples samples(Rows a, Rows b) {
  const auto clamped = [](Rows rows) {
    auto x = reinterpret_cast<Words16>(rows);
    const Words16 low = Words16{} - 128, high = Words16{} + 127;
    x = x < low ? low : x;
    return __builtin_convertvector((x > high ? high : x) + 128, Bytes16);
  };
  return __builtin_shufflevector(clamped(a), clamped(b), 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23, 8, 9,
                                 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
}
DIRECTCLR_INLINE Samples front(Samples a, Samples b) {
  return __builtin_shufflevector(a, b, 0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 16, 48, 17, 49, 18, 50,
                                 19, 51, 20, 52, 21, 53, 22, 54, 23, 55);
}
DIRECTCLR_INLINE Samples back(Samples a, Samples b) {
  return __builtin_shufflevector(a, b, 8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47, 24, 56, 25, 57, 26,
                                 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63);
}
#endif

// One pass over the columns; results are shifted right by `kShift`, rounded.
template <int kShift>
DIRECTCLR_INLINE void transform_columns(Rows (&r)[8]) {
  const Sums t2 = weigh(r[2], r[6], k0541, k0541 - k1847), t3 = weigh(r[2], r[6], k0541 + k0765, k0541);
  const Ints8 half = Ints8{} + (1 << (kShift - 1));
  const Sums rounding{half, half};
  const Sums t0 = weigh(r[0] + r[4], Rows{}, 1 << 13, 0) + rounding,
             t1 = weigh(r[0] - r[4], Rows{}, 1 << 13, 0) + rounding;
  const Rows z37 = r[7] + r[3], z15 = r[5] + r[1];
  const Sums z3 = weigh(z37, z15, k1175 - k1961, k1175), z4 = weigh(z37, z15, k1175, k1175 - k0390);
  const Sums o0 = weigh(r[7], r[1], k0298 - k0899, -k0899) + z3, o3 = weigh(r[7], r[1], -k0899, k1501 - k0899) + z4;
  const Sums o1 = weigh(r[5], r[3], k2053 - k2562, -k2562) + z4, o2 = weigh(r[5], r[3], -k2562, k3072 - k2562) + z3;
  const Sums e0 = t0 + t3, e1 = t1 + t2, e2 = t1 - t2, e3 = t0 - t3;
  r[0] = saturated((e0 + o3) >> kShift);
  r[7] = saturated((e0 - o3) >> kShift);
  r[1] = saturated((e1 + o2) >> kShift);
  r[6] = saturated((e1 - o2) >> kShift);
  r[2] = saturated((e2 + o1) >> kShift);
  r[5] = saturated((e2 - o1) >> kShift);
  r[3] = saturated((e3 + o0) >> kShift);
  r[4] = saturated((e3 - o0) >> kShift);
}

// Rows half of all apart are interleaved, again and again, until the number at (i, j) is at (j, i).
template <class Row, size_t kRows>
DIRECTCLR_INLINE void transpose(Row (&r)[kRows]) {
  for (int round = 0; round < 3; ++round) {
    Row t[kRows];
    for (size_t i = 0; i < kRows / 2; ++i) {
      t[2 * i] = front(r[i], r[i + kRows / 2]);
      t[2 * i + 1] = back(r[i], r[i + kRows / 2]);
    }
    for (size_t i = 0; i < kRows; ++i) r[i] = t[i];
  }
}

// A block that awaits its transform, so that two can go at once.
struct Waiting {
  alignas(32) int16_t coefficients[64] = {};
  const uint16_t* steps = nullptr;
  uint8_t* out = nullptr;
  ptrdiff_t stride = 0;
};

DIRECTCLR_INLINE Rows both_rows(const void* a, const void* b) {
  Row x, y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  return __builtin_shufflevector(x, y, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}

// Writes the samples of both blocks, and makes their coefficients 0 again.
DIRECTCLR_INLINE void transform(Waiting& a, Waiting& b) {
  Rows r[8];
  for (size_t i = 0; i < 8; ++i) {
    r[i] = both_rows(a.coefficients + 8 * i, b.coefficients + 8 * i) * both_rows(a.steps + 8 * i, b.steps + 8 * i);
  }
  const Rows zero{};
  for (size_t i = 0; i < 64; i += 16) {
    std::memcpy(a.coefficients + i, &zero, sizeof zero);
    std::memcpy(b.coefficients + i, &zero, sizeof zero);
  }
  transform_columns<11>(r);
  transpose(r);
  transform_columns<18>(r);
  // Columns now; as bytes, two fit into a block's half.
  Samples s[4];
  for (size_t i = 0; i < 4; ++i) s[i] = samples(r[2 * i], r[2 * i + 1]);
  transpose(s);
  for (size_t i = 0; i < 8; ++i) {
    const auto* row = reinterpret_cast<const uint8_t*>(&s[i / 2]) + 8 * (i % 2);
    std::memcpy(a.out + static_cast<ptrdiff_t>(i) * a.stride, row, 8);
    std::memcpy(b.out + static_cast<ptrdiff_t>(i) * b.stride, row + 16, 8);
  }
}

// What transform() makes of a block whose first coefficient stands alone.
DIRECTCLR_INLINE void fill(int coefficient, uint16_t step, uint8_t* out, ptrdiff_t stride) {
  const int first = static_cast<int16_t>(coefficient * step);
  const int level = std::clamp((std::clamp(4 * first, -32768, 32767) + 16) >> 5, -128, 127) + 128;
  for (ptrdiff_t i = 0; i < 8; ++i) std::memset(out + i * stride, level, 8);
}

template <bool kKeep>
DIRECTCLR_INLINE bool read_row(JpegBits& state, JpegRow* rows, int components, int units) {
  JpegBits bits = state;
  Waiting blocks[2];
  size_t waiting = 0;
  for (int unit = 0; unit < units; ++unit) {
    for (int c = 0; c < components; ++c) {
      JpegRow& row = rows[c];
      for (int y = 0; y < row.down; ++y) {
        for (int x = 0; x < row.across; ++x) {
          Waiting& block = blocks[waiting];
          const Block read = read_block<kKeep>(bits, row, block.coefficients);
          if (read == Block::kDamaged) return false;
          if (!kKeep) continue;
          block.steps = row.steps;
          block.out = row.out + 8 * y * row.stride + 8 * x;
          block.stride = row.stride;
          if (read == Block::kFlat) {
            fill(block.coefficients[0], row.steps[0], block.out, row.stride);
            block.coefficients[0] = 0;
          } else if (++waiting == 2) {
            transform(blocks[0], blocks[1]);
            waiting = 0;
          }
        }
      }
      if (kKeep) row.out += 8 * row.across;
    }
  }
  if (waiting == 1) transform(blocks[0], blocks[0]);
  state = bits;
  return true;
}

bool read_units(JpegBits& bits, JpegRow* rows, int components, int units, bool keep) {
  return keep ? read_row<true>(bits, rows, components, units) : read_row<false>(bits, rows, components, units);
}

// ---- Pixels

DIRECTCLR_INLINE Unsigned16 words_at(const uint8_t* from) {
#if DIRECTCLR_HAVE_AVX2
  return reinterpret_cast<Unsigned16>(_mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
#else
  Bytes16 bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  return __builtin_convertvector(bytes, Unsigned16);
#endif
}

// Even samples in the low bytes, odd ones in the high bytes.
DIRECTCLR_INLINE void store_pairs(uint8_t* to, Unsigned16 even, Unsigned16 odd) {
  const Unsigned16 both = even | (odd << 8);  // little endian
  std::memcpy(to, &both, sizeof both);
}

void widen(const uint8_t* in, int count, uint8_t* out) {
  for (int i = 0; i < count; i += 16) {
    const Unsigned16 here = 3 * words_at(in + i);
    store_pairs(out + 2 * i, (here + words_at(in + i - 1) + 1) >> 2, (here + words_at(in + i + 1) + 2) >> 2);
  }
}

void widen_between(const uint8_t* near, const uint8_t* far, int count, uint8_t* out) {
  const auto column = [&](int i) { return 3 * words_at(near + i) + words_at(far + i); };
  for (int i = 0; i < count; i += 16) {
    const Unsigned16 here = 3 * column(i);
    store_pairs(out + 2 * i, (here + column(i - 1) + 8) >> 4, (here + column(i + 1) + 7) >> 4);
  }
}

#if DIRECTCLR_HAVE_AVX2
// (v * factor + 2^15) >> 16, through products of twice v whose low half is dropped.
DIRECTCLR_INLINE Words16 scaled(Words16 v, int16_t factor) {
  const __m256i product = _mm256_mulhi_epi16(reinterpret_cast<__m256i>(v + v), _mm256_set1_epi16(factor));
  return (reinterpret_cast<Words16>(product) + 1) >> 1;
}
// (a * x + b * y + 2^15) >> 16
DIRECTCLR_INLINE Words16 scaled_sum(Words16 x, int16_t a, Words16 y, int16_t b) {
  const __m256i u = reinterpret_cast<__m256i>(x), v = reinterpret_cast<__m256i>(y);
  const __m256i factors = _mm256_set1_epi32(b * 65536 + (a & 0xFFFF)), half = _mm256_set1_epi32(1 << 15);
  const auto sum = [&](__m256i p) {
    return _mm256_srai_epi32(_mm256_add_epi32(_mm256_madd_epi16(p, factors), half), 16);
  };
  return reinterpret_cast<Words16>(
      _mm256_packs_epi32(sum(_mm256_unpacklo_epi16(u, v)), sum(_mm256_unpackhi_epi16(u, v))));
}
DIRECTCLR_INLINE Bytes16 clamped(Words16 v) {
  const __m256i x = reinterpret_cast<__m256i>(v);
  return reinterpret_cast<Bytes16>(_mm_packus_epi16(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1)));
}
#else
using Ints16 = int32_t __attribute__((vector_size(64)));
DIRECTCLR_INLINE Words16 scaled_sum(Words16 x, int16_t a, Words16 y, int16_t b) {
  const Ints16 sum = __builtin_convertvector(x, Ints16) * a + __builtin_convertvector(y, Ints16) * b;
  return __builtin_convertvector((sum + (1 << 15)) >> 16, Words16);
}
DIRECTCLR_INLINE Words16 scaled(Words16 v, int16_t factor) { return scaled_sum(v, factor, v, 0); }
DIRECTCLR_INLINE Bytes16 clamped(Words16 v) {
  const Words16 low{}, high = low + 255;
  v = v < low ? low : v;
  v = v > high ? high : v;
  return __builtin_convertvector(v, Bytes16);
}
#endif

// Sixteen pixels to 48 bytes, by ITU-R BT.601 in 16-bit fractions: 1.402 = 1 + 26345 / 2^16, 1.772 = 2 - 14942 / 2^16,
// 0.34414 = 22554 / 2^16, 0.71414 = 1 - 18734 / 2^16.
DIRECTCLR_INLINE void sixteen_to_rgb(const uint8_t* luminance, const uint8_t* blue, const uint8_t* red, uint8_t* out) {
  const auto y = reinterpret_cast<Words16>(words_at(luminance));
  const Words16 cb = reinterpret_cast<Words16>(words_at(blue)) - 128,
                cr = reinterpret_cast<Words16>(words_at(red)) - 128;
  const Bytes16 r = clamped(y + cr + scaled(cr, 26345));
  const Bytes16 g = clamped(y - cr + scaled_sum(cb, -22554, cr, 18734));
  const Bytes16 b = clamped(y + cb + cb + scaled(cb, -14942));
  // First red and green in their places, then blue between them.
  const Bytes16 rg[] = {__builtin_shufflevector(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5),
                        __builtin_shufflevector(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26),
                        __builtin_shufflevector(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0)};
  const Bytes16 rgb[] = {__builtin_shufflevector(rg[0], b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15),
                         __builtin_shufflevector(rg[1], b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15),
                         __builtin_shufflevector(rg[2], b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31)};
  std::memcpy(out, rgb, sizeof rgb);
}

void to_rgb(const uint8_t* luminance, const uint8_t* blue, const uint8_t* red, int count, uint8_t* out) {
  int x = 0;
  for (; x + 16 <= count; x += 16) sixteen_to_rgb(luminance + x, blue + x, red + x, out + 3 * x);
  if (x == count) return;
  uint8_t rest[48];
  sixteen_to_rgb(luminance + x, blue + x, red + x, rest);
  std::memcpy(out + 3 * x, rest, static_cast<size_t>(3 * (count - x)));
}

constexpr JpegKernels kJpegKernels = {read_units, widen, widen_between, to_rgb};

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
const JpegKernels* jpeg_kernels_of_width(int bytes) { return DIRECTCLR_VARIANTS(kJpegKernels).of_width(bytes); }

const JpegKernels& jpeg_kernels() {
  static const JpegKernels* const chosen = DIRECTCLR_VARIANTS(kJpegKernels).best();
  return *chosen;
}
#endif

}  // namespace directclr::image
