#pragma once

#include <cstddef>
#include <cstdint>

#include "directclr/image/jpeg_huffman.h"

namespace directclr::image {

/// The coded data between two restart markers, read bit by bit.
struct JpegBits {
  /// Bytes after `end` that must be readable: the longest block, and what is looked at ahead.
  static constexpr size_t kMargin = 64 * 4 + 16;

  const uint8_t* at = nullptr;  // what comes into the buffer next
  const uint8_t* end = nullptr;
  uint64_t buffer = 0;  // the next bits, from the highest down
  uint32_t count = 0;   // how many of them are counted as there, in the low six bits; above them anything
};

/// One component on its way through a row of minimum coded units.
struct JpegRow {
  const HuffmanTable* dc = nullptr;
  const HuffmanTable* ac = nullptr;
  const uint16_t* steps = nullptr;  // 64, row by row
  int across = 1, down = 1;         // blocks in a unit
  int prediction = 0;               // the last DC value
  uint8_t* out = nullptr;           // where the next unit's samples go
  ptrdiff_t stride = 0;
};

/// The inner loops of JPEG decoding for one width of vector registers; all give the same bytes, those of
/// libjpeg-turbo's slow integer transform and smooth upsampling.
struct JpegKernels {
  /// Reads `units` minimum coded units. Kept ones are transformed and written, and `out` moves on; of others only the
  /// DC values are followed. False where the data are damaged or end.
  bool (*read_units)(JpegBits& bits, JpegRow* rows, int components, int units, bool keep);

  /// Twice as many samples: `count` from `in`, of which in[-1] and in[count] are read too. `out` and `in` need room for
  /// 16 more samples of input.
  void (*widen)(const uint8_t* in, int count, uint8_t* out);
  /// The same between two rows, of which `near` counts three times.
  void (*widen_between)(const uint8_t* near, const uint8_t* far, int count, uint8_t* out);

  /// `count` pixels to interleaved RGB. The planes need room for 16 more.
  void (*to_rgb)(const uint8_t* luminance, const uint8_t* blue, const uint8_t* red, int count, uint8_t* out);
};

/// The fastest that this processor has.
const JpegKernels& jpeg_kernels();
/// Those for registers of 16, 32 or 64 bytes; null where the processor has none. For tests.
const JpegKernels* jpeg_kernels_of_width(int bytes);

}  // namespace directclr::image
