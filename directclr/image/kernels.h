#pragma once

#include <cstddef>
#include <cstdint>

namespace directclr::image {

/// A divisor with its reciprocal, rounded.
struct Divisor {
  explicit Divisor(float v) : value(v), reciprocal(1 / v) {}
  float value, reciprocal;
};

/// (v / 255 - mean) / std of three channels, each step rounded to float32.
struct Normalization {
  Divisor top{255};
  float mean[3];
  Divisor std[3];
};

/// The inner loops of the augmentation for one width of vector registers. All widths give the same bits
/// (tests/image/kernels_test.cpp): what each computes is said where it is used (color.cpp, resize.cpp).
struct Kernels {
  /// The values in the opposite order.
  void (*reverse)(uint8_t* values, size_t count);

  /// Turns the hue of `count` pixels by `turn` 255ths of the circle, through HSV bytes, as Pillow does.
  void (*turn_hue)(uint8_t* red, uint8_t* green, uint8_t* blue, size_t count, int turn);

  /// ground + factor * (x - ground) in float32, truncated and clamped (Image.blend).
  void (*blend)(uint8_t* values, size_t count, int ground, float factor);
  /// The same with each pixel's luminance for ground.
  void (*saturate)(uint8_t* red, uint8_t* green, uint8_t* blue, size_t count, float factor);

  /// out[i] = (inner * (in[i - radius] + .. + in[i + radius]) + outer * (in[i - radius - 1] + in[i + radius + 1]) +
  /// 2^23)
  /// >> 24 for `count` values, neighbours `stride` bytes apart; `in` and `out` do not overlap.
  void (*blur)(const uint8_t* in, uint8_t* out, size_t count, ptrdiff_t stride, int radius, uint32_t inner,
               uint32_t outer);

  /// One row of `width` values from `used` rows that lie `stride` bytes apart, with 22-bit weights.
  void (*resize_column)(const uint8_t* in, ptrdiff_t stride, size_t width, const int32_t* weights, int used,
                        uint8_t* out);
  /// Eight rows of interleaved RGB, `stride` bytes apart and `in_width` pixels long, to rows of three planes: rows r of
  /// plane c go to out[c] + r * out_stride. Output i is made of used[i] pixels from first[i] on with the weights at
  /// weights + i * taps. `scratch`: 24 (in_width + out_width) + 64 bytes.
  void (*resize_eight_rows)(const uint8_t* in, ptrdiff_t stride, int in_width, const int* first, const int* used,
                            const int32_t* weights, int taps, int out_width, uint8_t* const out[3],
                            ptrdiff_t out_stride, uint8_t* scratch);

  /// Planes to normalised pixels, channels interleaved. Divides through reciprocals: whether that gives the quotients
  /// must be known of the divisors (data::NormalizeTable tries all bytes). Null where a table is as fast.
  void (*normalize)(const uint8_t* const planes[3], size_t count, const Normalization& by, float* out);
};

/// The fastest that this processor has.
const Kernels& kernels();
/// Those for registers of 16, 32 or 64 bytes; null where the processor has none. For tests.
const Kernels* kernels_of_width(int bytes);

}  // namespace directclr::image
