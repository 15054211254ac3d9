#pragma once

#include <malloc.h>

namespace directclr {

/// Lets the C library keep freed memory instead of giving it back to the system. A training step allocates the same
/// large activations again and again; returned pages must be faulted in anew each time, which costs a fifth of a step
/// (docs/measurements.md). For programs to call once, before they train; the process then stays as large as it ever
/// was.
inline void keep_freed_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 0x7FFFFFFF);
}

}  // namespace directclr
