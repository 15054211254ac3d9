#pragma once

#include <array>
#include <stdexcept>
#include <string>

// Kernels: hot loops that are compiled several times from one file, for plain x86-64, AVX2 and AVX-512
// (core/variants.inc), of which one is picked when the program runs. Each set of them keeps one of two contracts, said
// in its header and tested over every width that the processor has:
//  - same bits at every width: no multiply-add is fused (-ffp-contract=off), and sums run over lanes whose number does
//    not depend on the width;
//  - fused where the processor fuses, the same to rounding: compiled with -ffp-contract=fast, with as many sums as a
//    register has lanes. directclr/CMakeLists.txt lists these sets under FUSED.
// Sanitizers cannot follow the choice; with them, and on other processors, there is the first variant alone.
#if defined(__x86_64__) && !defined(DIRECTCLR_SANITIZED)
#define DIRECTCLR_DISPATCH 1
#else
#define DIRECTCLR_DISPATCH 0
#endif

namespace directclr {

/// What kernels work on says what AVX-512 must bring: for bytes also VNNI and VBMI (Ice Lake, Zen 4 and later), for
/// floats and doubles what every server since Skylake has.
enum class KernelNeeds { kNumbers, kBytes };

/// How wide the registers are that kernels use here, in bytes: 64 (AVX-512), 32 (AVX2) or 16.
inline int vector_bytes(KernelNeeds needs = KernelNeeds::kNumbers) {
#if DIRECTCLR_DISPATCH
  static const int numbers = __builtin_cpu_supports("x86-64-v4") ? 64 : __builtin_cpu_supports("x86-64-v3") ? 32 : 16;
  static const bool has_byte_instructions =
      __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi");
  return needs == KernelNeeds::kBytes && numbers == 64 && !has_byte_instructions ? 32 : numbers;
#else
  static_cast<void>(needs);
  return 16;
#endif
}

/// The variants of a table of kernels, or of one function: DIRECTCLR_VARIANTS(name) after core/variants.inc.
template <class Kernels>
struct KernelVariants {
  KernelNeeds needs;
  std::array<Kernels*, 3> by_width;  // 16, 32 and 64 bytes; null where the program has none

  /// That for registers of 16, 32 or 64 bytes; null where the processor, or the program, has none.
  Kernels* of_width(int bytes) const {
    if (bytes > vector_bytes(needs)) return nullptr;
    return bytes == 16 ? by_width[0] : bytes == 32 ? by_width[1] : bytes == 64 ? by_width[2] : nullptr;
  }
  /// The same; std::invalid_argument in place of null.
  Kernels& required(int bytes) const {
    if (Kernels* const found = of_width(bytes)) return *found;
    throw std::invalid_argument("[kernels] expected registers that the processor has, got " + std::to_string(bytes) +
                                " bytes");
  }
  Kernels* best() const { return of_width(vector_bytes(needs)); }
};

}  // namespace directclr
