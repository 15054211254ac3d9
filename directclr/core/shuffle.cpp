#include "directclr/core/shuffle.h"

#include <algorithm>
#include <stdexcept>

namespace directclr {

std::vector<int64_t> draw_distinct(int64_t count, int64_t size, RandomStream& random) {
  if (count < 0 || count > size || size > UINT32_MAX) {
    throw std::invalid_argument("[draw_distinct] expected 0 <= count <= size < 2^32");
  }
  std::vector<int64_t> all(static_cast<size_t>(size));
  std::iota(all.begin(), all.end(), int64_t{0});
  for (int64_t i = 0; i < count; ++i) {
    std::swap(all[static_cast<size_t>(i)], all[static_cast<size_t>(i + random.below(static_cast<uint32_t>(size - i)))]);
  }
  all.resize(static_cast<size_t>(count));
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace directclr
