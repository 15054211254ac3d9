#pragma once

namespace directclr {

/// Lets the C library keep freed memory instead of giving it back to the system, and asks the system for huge pages
/// there. A training step allocates the same large activations again and again: returned pages must be faulted in anew
/// each time, which costs a fifth of a step, and small ones fill the processor's table of pages, which costs some
/// hundredths (docs/measurements.md). For programs to call once, before they train; the process then stays as large as
/// it ever was. Addresses, not memory, are reserved: for half of what the machine has, at most 1.5 GiB.
void keep_freed_memory();

}  // namespace directclr
