#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace directclr::image {

/// A divisor with its reciprocal in two floats: the nearest, and what is missing.
struct Divisor {
  explicit Divisor(float v)
      : value(v), reciprocal(1 / v), rest(static_cast<float>(1.0 / v - static_cast<double>(reciprocal))) {}
  float value, reciprocal, rest;
};

/// (v / 255 - mean) / std of three channels, each step rounded to float32.
struct Normalization {
  Divisor top{255};
  float mean[3];
  Divisor std[3];
};

/// A box of fractional radius in 24-bit fixed point: `inner` weighs the 2 radius + 1 values in the middle, `outer` the
/// one beyond at each end.
struct BoxFilter {
  int radius = 0;
  uint32_t inner = 0, outer = 0;
  /// Radius 0, and with x in the middle and e = the ends' sum, x + (((e - 2 x) outer + 2^23) >> 24) is the blurred
  /// value for all bytes.
  bool by_difference = false;
};

/// Which inputs make each output along one axis: output i the `window` from first[i] on.
struct ResizeTaps {
  int in = 0;  // inputs; first[i] + window <= in
  int window = 0;
  std::vector<int> first;        // (outputs), none less than the one before
  std::vector<int32_t> weights;  // (outputs, window) in 22-bit fixed point, under 2^23 - 2^15 in size
  /// The weights' digits base 256, -128 to 127, the least first, for kernels that multiply bytes by bytes:
  /// (outputs / 16, window / 4, 3, 16, 4), the first two rounded up, what is not there 0.
  std::vector<int8_t> digits;
  int outputs() const { return static_cast<int>(first.size()); }
};

/// The inner loops of the augmentation for one width of vector registers. All widths give the same bits
/// (tests/image/kernels_test.cpp): what each computes is said where it is used (color.cpp, resize.cpp).
struct Kernels {
  /// The values in the opposite order.
  void (*reverse)(uint8_t* values, size_t count);

  /// ground + factor * (x - ground) in float32, truncated and clamped (Image.blend). |factor| <= 2^20.
  void (*blend)(uint8_t* values, size_t count, int ground, float factor);
  /// x becomes 255 - x where it is at least `threshold`.
  void (*invert_from)(uint8_t* values, size_t count, uint8_t threshold);
  /// blend with each pixel's luminance for ground.
  void (*saturate)(uint8_t* red, uint8_t* green, uint8_t* blue, size_t count, float factor);
  /// Turns the hue of `count` pixels by `turn` 255ths of the circle, through HSV bytes, as Pillow does. turn in 0 ..
  /// 255.
  void (*turn_hue)(uint8_t* red, uint8_t* green, uint8_t* blue, size_t count, int turn);
  /// The sum of the pixels' luminances.
  int64_t (*luminance_sum)(const uint8_t* red, const uint8_t* green, const uint8_t* blue, size_t count);
  /// Each pixel's luminance in all three planes.
  void (*gray)(uint8_t* red, uint8_t* green, uint8_t* blue, size_t count);

  /// out[i] = (inner * (in[i - radius] + .. + in[i + radius]) + outer * (in[i - radius - 1] + in[i + radius + 1]) +
  /// 2^23) >> 24 for `count` values, neighbours `stride` bytes apart; `in` and `out` do not overlap.
  void (*blur)(const uint8_t* in, uint8_t* out, size_t count, ptrdiff_t stride, const BoxFilter& box);

  /// Fills taps.digits if the two below read them; to be called whenever the rest of taps has changed.
  void (*prepare)(ResizeTaps& taps);
  /// `rows` of interleaved RGB, 1 to 8 of taps.in pixels `stride` bytes apart, to rows of three planes: row r of plane
  /// c goes to out[c] + r * out_stride. `scratch`: resize_scratch(taps) bytes.
  void (*resize_rows)(const uint8_t* in, ptrdiff_t stride, int rows, const ResizeTaps& taps, uint8_t* const out[3],
                      ptrdiff_t out_stride, uint8_t* scratch);
  /// taps.in rows of `width` values, `stride` bytes apart, to rows that follow one another.
  void (*resize_columns)(const uint8_t* in, ptrdiff_t stride, size_t width, const ResizeTaps& taps, uint8_t* out);

  /// Planes to normalised pixels, channels interleaved. Divides through reciprocals: whether that gives the quotients
  /// must be known of the divisors (data::NormalizeTable tries all bytes). Null where a table is as fast.
  void (*normalize)(const uint8_t* const planes[3], size_t count, const Normalization& by, float* out);
};

/// Bytes of work space that resize_rows needs.
inline size_t resize_scratch(const ResizeTaps& taps) { return 24 * (static_cast<size_t>(taps.in) + 192); }

/// The fastest that this processor has.
const Kernels& kernels();
/// Those for registers of 16, 32 or 64 bytes; null where the processor has none. For tests.
const Kernels* kernels_of_width(int bytes);

}  // namespace directclr::image
