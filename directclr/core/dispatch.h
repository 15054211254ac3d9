#pragma once

#include <array>

// Hot loops are compiled several times, for plain x86-64, AVX2 and AVX-512, and one is picked when the program runs.
// The arithmetic stays the same in all of them: everything is compiled with -ffp-contract=off, so no multiply-add is
// fused and every variant gives the same bits. Sanitizers cannot follow the choice.
#if defined(__x86_64__) && !defined(DIRECTCLR_SANITIZED)
#define DIRECTCLR_DISPATCH 1
// For loops that the compiler turns into vectors itself; the loader chooses.
#define DIRECTCLR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define DIRECTCLR_DISPATCH 0
#define DIRECTCLR_CLONES
#endif

namespace directclr {

/// How wide the registers are that the loops of core/variants.inc use here, in bytes: 64 (AVX-512 with VNNI and VBMI:
/// Ice Lake, Zen 4 and later), 32 (AVX2) or 16.
inline int vector_bytes() {
#if DIRECTCLR_DISPATCH
  const auto has_avx512 = [] {
    return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni") &&
           __builtin_cpu_supports("avx512vbmi");
  };
  static const int bytes = has_avx512() ? 64 : __builtin_cpu_supports("x86-64-v3") ? 32 : 16;
  return bytes;
#else
  return 16;
#endif
}

/// Of variants for registers of 16, 32 and 64 bytes (core/variants.inc) that of this width; null where the processor,
/// or the program, has none.
template <class Variant>
const Variant* variant_of_width(int bytes, const std::array<const Variant*, 3>& variants) {
  if (bytes > vector_bytes()) return nullptr;
  return bytes == 16 ? variants[0] : bytes == 32 ? variants[1] : bytes == 64 ? variants[2] : nullptr;
}

}  // namespace directclr
