#include "directclr/image/jpeg_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>

#include "directclr/core/dispatch.h"

namespace directclr::image {
namespace {

#define DIRECTCLR_KERNELS "directclr/image/jpeg_kernels.inc"
#include "directclr/core/variants.inc"

}  // namespace

const JpegKernels* jpeg_kernels_of_width(int bytes) {
  return variant_of_width<JpegKernels>(bytes, DIRECTCLR_VARIANTS(kJpegKernels));
}

const JpegKernels& jpeg_kernels() {
  static const JpegKernels& chosen = *jpeg_kernels_of_width(vector_bytes());
  return chosen;
}

}  // namespace directclr::image
