#include "directclr/theory/kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "directclr/core/dispatch.h"

namespace directclr::theory {
namespace {

#define DIRECTCLR_KERNELS "directclr/theory/kernels.inc"
#include "directclr/core/variants.inc"

}  // namespace

const Kernels* kernels_of_width(int bytes) { return variant_of_width<Kernels>(bytes, DIRECTCLR_VARIANTS(kKernels)); }

const Kernels& kernels() {
  static const Kernels& chosen = *kernels_of_width(vector_bytes());
  return chosen;
}

}  // namespace directclr::theory
