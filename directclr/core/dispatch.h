#pragma once

// Hot loops are compiled several times, for plain x86-64, AVX2 and AVX-512, and the loader picks one when the program
// starts. The arithmetic stays the same in all of them: everything is compiled with -ffp-contract=off, so no
// multiply-add is fused and every variant gives the same bits. Sanitizers cannot follow the loader's choice.
#if defined(__x86_64__) && !defined(DIRECTCLR_SANITIZED)
#define DIRECTCLR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define DIRECTCLR_CLONES
#endif
