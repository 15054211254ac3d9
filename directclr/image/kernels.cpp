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

namespace directclr::image {
namespace {

// ITU-R 601-2 in 16-bit fixed point.
inline int luminance(int r, int g, int b) { return (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16; }

#define DIRECTCLR_KERNELS "directclr/image/kernels.inc"
#include "directclr/core/variants.inc"

}  // namespace

const Kernels* kernels_of_width(int bytes) { return variant_of_width<Kernels>(bytes, DIRECTCLR_VARIANTS(kKernels)); }

const Kernels& kernels() {
  static const Kernels& chosen = *kernels_of_width(vector_bytes());
  return chosen;
}

}  // namespace directclr::image
