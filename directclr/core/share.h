#pragma once

#include <cstdint>

namespace directclr {

/// A contiguous part of a row of things.
struct Share {
  int64_t first = 0;
  int64_t count = 0;
};

/// Part `part` (0 .. parts - 1) of `total` things cut into `parts` contiguous parts whose sizes differ by one at most:
/// [total * part / parts, total * (part + 1) / parts). The rule by which processes divide batches and data sets.
constexpr Share share_of(int64_t total, int64_t part, int64_t parts) {
  const int64_t first = total * part / parts;
  return {first, total * (part + 1) / parts - first};
}

}  // namespace directclr
