#include "directclr/image/jpeg_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstring>

#include "directclr/core/dispatch.h"

#define DIRECTCLR_INLINE inline __attribute__((always_inline))

namespace directclr::image {
namespace {

#define DIRECTCLR_HAVE_AVX2 0
namespace sse2 {
#include "directclr/image/jpeg_kernels.inc"
}  // namespace sse2

#if DIRECTCLR_DISPATCH
#undef DIRECTCLR_HAVE_AVX2
#define DIRECTCLR_HAVE_AVX2 1
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
namespace avx2 {
#include "directclr/image/jpeg_kernels.inc"
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
namespace avx512 {
#include "directclr/image/jpeg_kernels.inc"
}  // namespace avx512
#pragma GCC pop_options
#endif

}  // namespace

const JpegKernels* jpeg_kernels_of_width(int bytes) {
  if (bytes > vector_bytes()) return nullptr;
  switch (bytes) {
    case 16: return &sse2::kJpegKernels;
#if DIRECTCLR_DISPATCH
    case 32: return &avx2::kJpegKernels;
    case 64: return &avx512::kJpegKernels;
#endif
    default: return nullptr;
  }
}

const JpegKernels& jpeg_kernels() {
  static const JpegKernels& chosen = *jpeg_kernels_of_width(vector_bytes());
  return chosen;
}

}  // namespace directclr::image
