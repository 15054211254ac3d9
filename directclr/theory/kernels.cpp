#include "directclr/theory/kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "directclr/core/dispatch.h"

#define DIRECTCLR_INLINE inline __attribute__((always_inline))

namespace directclr::theory {
namespace {

namespace sse2 {
constexpr size_t kBytes = 16;
#include "directclr/theory/lanes.inc"
//
#include "directclr/theory/kernels.inc"
}  // namespace sse2

#if DIRECTCLR_DISPATCH
#pragma GCC push_options
#pragma GCC target("arch=x86-64-v3")
namespace avx2 {
constexpr size_t kBytes = 32;
#include "directclr/theory/lanes.inc"
//
#include "directclr/theory/kernels.inc"
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("arch=x86-64-v4")
namespace avx512 {
constexpr size_t kBytes = 64;
#include "directclr/theory/lanes.inc"
//
#include "directclr/theory/kernels.inc"
}  // namespace avx512
#pragma GCC pop_options
#endif

}  // namespace

const Kernels* kernels_of_width(int bytes) {
  if (bytes > vector_bytes()) return nullptr;
  switch (bytes) {
    case 16: return &sse2::kKernels;
#if DIRECTCLR_DISPATCH
    case 32: return &avx2::kKernels;
    case 64: return &avx512::kKernels;
#endif
    default: return nullptr;
  }
}

const Kernels& kernels() {
  static const Kernels& chosen = *kernels_of_width(vector_bytes());
  return chosen;
}

}  // namespace directclr::theory
