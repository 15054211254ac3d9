#include "directclr/image/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstring>

#include "directclr/core/dispatch.h"

namespace directclr::image {
namespace {

#define DIRECTCLR_KERNELS "directclr/image/kernels.inc"
#include "directclr/core/variants.inc"

}  // namespace

const Kernels* kernels_of_width(int bytes) { return variant_of_width<Kernels>(bytes, DIRECTCLR_VARIANTS(kKernels)); }

const Kernels& kernels() {
  static const Kernels& chosen = *kernels_of_width(vector_bytes());
  return chosen;
}

}  // namespace directclr::image
