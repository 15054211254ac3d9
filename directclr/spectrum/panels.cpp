#include "directclr/spectrum/panels.h"

#include <c10/util/Exception.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <cstring>

namespace directclr::spectrum {
namespace {

#define DIRECTCLR_KERNELS "directclr/spectrum/panel_kernels.inc"
#include "directclr/core/variants.inc"

}  // namespace

const PanelKernels& panel_kernels(int register_bytes) {
  const auto* variant = variant_of_width<PanelKernels>(register_bytes, DIRECTCLR_VARIANTS(kKernels));
  TORCH_CHECK(variant, "[panel_kernels] expected registers that the processor has, got ", register_bytes, " bytes");
  return *variant;
}

}  // namespace directclr::spectrum
