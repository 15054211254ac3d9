#include "directclr/linalg/panels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

namespace directclr::linalg {
namespace {

#define DIRECTCLR_KERNELS "directclr/linalg/panel_kernels.inc"
#include "directclr/core/variants.inc"

template <class Kernels>
const Kernels& of_width(int register_bytes, const std::array<const Kernels*, 3>& variants) {
  const Kernels* const variant = variant_of_width<Kernels>(register_bytes, variants);
  if (!variant) {
    throw std::invalid_argument("[panel_kernels] expected registers that the processor has, got " +
                                std::to_string(register_bytes) + " bytes");
  }
  return *variant;
}

}  // namespace

const PanelKernels& panel_kernels(int register_bytes) {
  return of_width<PanelKernels>(register_bytes, DIRECTCLR_VARIANTS(kKernels));
}

const FloatPanelKernels& float_panel_kernels(int register_bytes) {
  return of_width<FloatPanelKernels>(register_bytes, DIRECTCLR_VARIANTS(kFloatKernels));
}

}  // namespace directclr::linalg
