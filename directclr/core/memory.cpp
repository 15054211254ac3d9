#include "directclr/core/memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace directclr {
namespace {

// What M_TRIM_THRESHOLD, an int, lets the C library keep.
constexpr int kMost = 3 << 29;

int half_of_the_memory() {
  return static_cast<int>(std::min<int64_t>(::sysconf(_SC_PHYS_PAGES) / 2 * ::sysconf(_SC_PAGESIZE), kMost));
}

}  // namespace

void keep_freed_memory() {
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  // The heap grows once, by addresses for all that a training takes, so that one call marks them all. Where the system
  // refuses any of this, everything works as before.
  ::mallopt(M_TOP_PAD, half_of_the_memory());
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(::sbrk(0)) + page - 1) / page * page;
  std::free(std::malloc(1 << 22));  // more than the heap has, less than gets a mapping of its own
  const auto end = reinterpret_cast<uintptr_t>(::sbrk(0));
  ::mallopt(M_TOP_PAD, 1 << 26);
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace directclr
