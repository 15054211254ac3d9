#include "directclr/image/kernels.h"

#if defined(__x86_64__)
// GCC 12's AVX-512 intrinsics hand an undefined register to instructions that ignore it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#endif

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "directclr/core/dispatch.h"

#define DIRECTCLR_KERNELS_ON_BYTES
#define DIRECTCLR_KERNELS "directclr/image/kernels.cpp"
#include "directclr/core/variants.inc"

namespace directclr::image {
namespace DIRECTCLR_VARIANT {
namespace {

// Plain loops, and a register of bytes at a time where there is AVX2 or AVX-512. Every operation is exact or rounded as
// in the plain code, or what it gives was compared with it over all that can occur.

// ITU-R 601-2 in 16-bit fixed point.
DIRECTCLR_INLINE int luminance(int r, int g, int b) { return (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16; }

[[maybe_unused]] constexpr size_t kBytes = DIRECTCLR_BYTES;
#if DIRECTCLR_HAVE_AVX2
#include "directclr/image/vectors.inc"
#endif

#include "directclr/image/blur_kernels.inc"
#include "directclr/image/color_kernels.inc"
#include "directclr/image/resize_kernels.inc"

void invert_from(uint8_t* values, size_t count, uint8_t threshold) {
  for (size_t i = 0; i < count; ++i) {
    values[i] = values[i] < threshold ? values[i] : static_cast<uint8_t>(255 - values[i]);
  }
}

#undef V

constexpr Kernels kKernels = {reverse, blend, invert_from, saturate,    turn_hue,       luminance_sum,
                              gray,    blur,  prepare,     resize_rows, resize_columns, normalize};

}  // namespace
}  // namespace DIRECTCLR_VARIANT

#if DIRECTCLR_ONCE
const Kernels* kernels_of_width(int bytes) { return DIRECTCLR_VARIANTS(kKernels).of_width(bytes); }

const Kernels& kernels() {
  static const Kernels* const chosen = DIRECTCLR_VARIANTS(kKernels).best();
  return *chosen;
}
#endif

}  // namespace directclr::image
