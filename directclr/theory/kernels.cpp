#include "directclr/theory/kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "directclr/core/dispatch.h"

#define DIRECTCLR_KERNELS "directclr/theory/kernels.cpp"
#include "directclr/core/variants.inc"

namespace directclr::theory {
namespace DIRECTCLR_VARIANT {
namespace {

#include "directclr/core/vector_exp.inc"
#include "directclr/theory/lanes.inc"

// Samples or rows that are worked on together, each number loaded serving all of them: as many as there are registers
// for.
constexpr size_t kRows = kBytes / 8;

// One sample's row of similarities becomes exp(s_ij - shift) in place, with 0 at j = i; `scale` is what makes it
// alpha_ij. Returns the loss of the sample.
DIRECTCLR_INLINE double softmax_row(const ContrastivePairs& p, size_t i, double* row, double& scale) {
  row[i] = -std::numeric_limits<double>::infinity();
  for (size_t j = p.samples; j < p.stride; ++j) row[j] = -std::numeric_limits<double>::infinity();
  Lanes top(row);
  for (size_t j = kLanes; j < p.stride; j += kLanes) keep_larger(top, Lanes(row + j));
  const double positive = p.positive[i];
  const double shift = std::max(largest(top), positive);
  Lanes total;
  for (size_t j = 0; j < p.stride; j += kLanes) {
    Lanes s = Lanes(row + j) - Lanes(shift);
    exp_of_nonpositive(s);
    s.store(row + j);
    total += s;
  }
  const double others = sum(total);
  const double all = others + std::exp(positive - shift);
  scale = 1 / all;
  // 1 - alpha_ii from the others, not by a subtraction that cancels once the positive has won.
  p.one_minus_alpha[i] = others / all;
  if (p.positive_is_y) row[i] = -others;
  return std::log(all) - (positive - shift);
}

template <size_t R>
DIRECTCLR_INLINE void process_rows(const ContrastivePairs& p, size_t first, double& loss) {
  const double* const z = p.z + first;
  for (size_t j = 0; j < p.stride; j += kLanes) {
    Lanes s[R];
    for (size_t k = 0; k < p.features; ++k) {
      const Lanes y(p.y + k * p.stride + j);
      for (size_t r = 0; r < R; ++r) s[r] += y * Lanes(z[k * p.stride + r]);
    }
    const Lanes offset(p.offset + j);
    for (size_t r = 0; r < R; ++r) {
      ((s[r] - offset) * Lanes(p.sharpness)).store(p.weights + r * p.stride + j);
    }
  }
  double scale[R];
  for (size_t r = 0; r < R; ++r) {
    loss += softmax_row(p, first + r, p.weights + r * p.stride, scale[r]);
  }
  for (size_t j = 0; j < p.stride; j += kLanes) {
    Lanes q[R];
    Lanes column(p.column_sum + j);
    for (size_t r = 0; r < R; ++r) {
      q[r] = Lanes(p.weights + r * p.stride + j) * Lanes(scale[r]);
      column += q[r];
    }
    column.store(p.column_sum + j);
    for (size_t k = 0; k < p.features; ++k) {
      Lanes push(p.push + k * p.stride + j);
      for (size_t r = 0; r < R; ++r) push += q[r] * Lanes(z[k * p.stride + r]);
      push.store(p.push + k * p.stride + j);
    }
  }
  for (size_t k = 0; k < p.features; ++k) {
    Lanes pull[R];
    for (size_t j = 0; j < p.stride; j += kLanes) {
      const Lanes y(p.y + k * p.stride + j);
      for (size_t r = 0; r < R; ++r) pull[r] += Lanes(p.weights + r * p.stride + j) * y;
    }
    for (size_t r = 0; r < R; ++r) p.pull[k * p.stride + first + r] = scale[r] * sum(pull[r]);
  }
}

double process_kernel(const ContrastivePairs& p) {
  double loss = 0;
  size_t i = 0;
  for (; i + kRows <= p.samples; i += kRows) process_rows<kRows>(p, i, loss);
  for (; i < p.samples; ++i) process_rows<1>(p, i, loss);
  return loss;
}

// Columns [begin, begin + width) of R rows of w x.
template <size_t R>
DIRECTCLR_INLINE void multiply_block(const double* w, size_t inner, const double* x, size_t samples, size_t begin,
                                     size_t width, double* out) {
  Lanes total[R];
  for (size_t k = 0; k < inner; ++k) {
    const Lanes column(x + k * samples + begin, width);
    for (size_t r = 0; r < R; ++r) total[r] += column * Lanes(w[r * inner + k]);
  }
  for (size_t r = 0; r < R; ++r) total[r].store(out + r * samples + begin, width);
}

template <size_t R>
DIRECTCLR_INLINE void multiply_rows(const double* w, size_t inner, const double* x, size_t samples, double* out) {
  size_t j = 0;
  for (; j + kLanes <= samples; j += kLanes) multiply_block<R>(w, inner, x, samples, j, kLanes, out);
  if (j < samples) multiply_block<R>(w, inner, x, samples, j, samples - j, out);
}

void multiply_kernel(const double* w, size_t rows, size_t inner, const double* x, size_t samples, double* out) {
  size_t i = 0;
  for (; i + kRows <= rows; i += kRows) {
    multiply_rows<kRows>(w + i * inner, inner, x, samples, out + i * samples);
  }
  for (; i < rows; ++i) multiply_rows<1>(w + i * inner, inner, x, samples, out + i * samples);
}

template <size_t R>
DIRECTCLR_INLINE void add_block(const double* a, const double* x, size_t samples, size_t width, Lanes* total) {
  const Lanes right(x, width);
  for (size_t r = 0; r < R; ++r) total[r] += Lanes(a + r * samples, width) * right;
}

template <size_t R>
DIRECTCLR_INLINE void add_inner_products(const double* a, const double* x, size_t samples, double* out, size_t stride) {
  Lanes total[R];
  size_t j = 0;
  for (; j + kLanes <= samples; j += kLanes) add_block<R>(a + j, x + j, samples, kLanes, total);
  if (j < samples) add_block<R>(a + j, x + j, samples, samples - j, total);
  for (size_t r = 0; r < R; ++r) out[r * stride] += sum(total[r]);
}

void outer_kernel(const double* a, size_t rows, const double* x, size_t columns, size_t samples, double* out) {
  for (size_t k = 0; k < columns; ++k) {
    const double* const column = x + k * samples;
    size_t i = 0;
    for (; i + kRows <= rows; i += kRows) {
      add_inner_products<kRows>(a + i * samples, column, samples, out + i * columns + k, columns);
    }
    for (; i < rows; ++i) add_inner_products<1>(a + i * samples, column, samples, out + i * columns + k, columns);
  }
}

// 32-bit words in 64-bit lanes, four of each block.
struct Words {
  Unsigned part[4][Lanes::kParts];
};

// kLanes consecutive blocks of philox4x32 (core/philox.h), all rounds side by side.
DIRECTCLR_INLINE void philox(const RandomStream::Blocks& first, uint32_t block, Words& words) {
  constexpr uint64_t kLow = 0xFFFFFFFF;
  for (size_t i = 0; i < Lanes::kParts; ++i) {
    uint64_t last[Lanes::kWidth];
    for (size_t lane = 0; lane < Lanes::kWidth; ++lane) {
      last[lane] = static_cast<uint32_t>(first.counter[3] + block + i * Lanes::kWidth + lane);
    }
    Unsigned c[4];
    for (size_t w = 0; w < 3; ++w) c[w] = Unsigned{} + uint64_t{first.counter[w]};
    std::memcpy(&c[3], last, kBytes);
    uint32_t key0 = first.key[0], key1 = first.key[1];
    for (int round = 0; round < 10; ++round) {
      const Unsigned p0 = c[0] * uint64_t{0xD2511F53}, p1 = c[2] * uint64_t{0xCD9E8D57};
      c[0] = (p1 >> 32) ^ c[1] ^ uint64_t { key0 };
      c[1] = p1 & kLow;
      c[2] = (p0 >> 32) ^ c[3] ^ uint64_t { key1 };
      c[3] = p0 & kLow;
      key0 += 0x9E3779B9;
      key1 += 0xBB67AE85;
    }
    for (size_t w = 0; w < 4; ++w) words.part[w][i] = c[w];
  }
}

// A 32-bit word in a 64-bit lane as a double: set into the mantissa of 2^52, which is then taken away.
DIRECTCLR_INLINE void to_double(const Unsigned* words, Lanes& out) {
  for (size_t i = 0; i < Lanes::kParts; ++i) {
    const Unsigned bits = words[i] | uint64_t{0x4330000000000000};
    std::memcpy(&out.part[i], &bits, kBytes);
    out.part[i] -= 0x1p52;
  }
}

void normals_kernel(const RandomStream::Blocks& first, size_t blocks, double* normals) {
  for (size_t block = 0; block < blocks; block += kLanes) {
    Words words;
    philox(first, static_cast<uint32_t>(block), words);
    for (size_t pair = 0; pair < 2; ++pair) {
      Lanes radius, turns, sine, cosine;
      to_double(words.part[2 * pair], radius);
      to_double(words.part[2 * pair + 1], turns);
      radius = (radius + Lanes(0.5)) * Lanes(0x1p-32);
      log_of_positive(radius);
      for (size_t lane = 0; lane < kLanes; ++lane) radius.set(lane, __builtin_sqrt(-2 * radius[lane]));
      sine_and_cosine(turns * Lanes(0x1p-32), sine, cosine);
      (cosine * radius).store(normals + 4 * block + 2 * pair * kLanes);
      (sine * radius).store(normals + 4 * block + (2 * pair + 1) * kLanes);
    }
  }
}

constexpr Kernels kKernels = {process_kernel, multiply_kernel, outer_kernel, normals_kernel};

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
const Kernels* kernels_of_width(int bytes) { return DIRECTCLR_VARIANTS(kKernels).of_width(bytes); }

const Kernels& kernels() {
  static const Kernels* const chosen = DIRECTCLR_VARIANTS(kKernels).best();
  return *chosen;
}
#endif

}  // namespace directclr::theory
