#include "directclr/spectrum/candidates.h"

#include <algorithm>
#include <cmath>

#include "directclr/core/parallel.h"
#include "directclr/spectrum/kernels.h"

namespace directclr::spectrum {
namespace {

constexpr int64_t kStep = Kernels::kStep;
constexpr int64_t kGrain = 16;  // rows a thread takes at a time

}  // namespace

Candidates::Candidates(int64_t rows, int64_t keep)
    : keep_(keep),
      room_(2 * keep),
      entries_(static_cast<size_t>(rows * room_)),
      used_(static_cast<size_t>(rows), 0),
      floor_(static_cast<size_t>(rows), -INFINITY) {}

void Candidates::offer(const float* products, int64_t first, int64_t height, int64_t second, int64_t width,
                       const std::vector<float>& half) {
  const Kernels& k = kernels();
  const float* offsets = half.data() + second;
  parallel_for(static_cast<size_t>(height), kGrain, [&](size_t from, size_t to) {
    for (auto i = static_cast<int64_t>(from); i < static_cast<int64_t>(to); ++i) {
      const float* values = products + i * width;
      for (int64_t j = 0;
           (j = k.next_above(values, offsets, floor_[static_cast<size_t>(first + i)], j, width)) < width;) {
        for (const int64_t end = std::min(j + kStep, width); j < end; ++j) {
          if (first + i != second + j) push(first + i, values[j] - offsets[j], second + j);
        }
      }
    }
  });
  if (first == second) return;  // both directions are in the block
  const float* floors = floor_.data() + second;
  // Each thread has columns of its own, and with them the rows that they stand for.
  parallel_for(static_cast<size_t>(width), kGrain * kStep, [&](size_t begin, size_t end_column) {
    const auto from = static_cast<int64_t>(begin), to = static_cast<int64_t>(end_column);
    for (int64_t i = 0; i < height; ++i) {
      const float* values = products + i * width;
      const float offset = half[static_cast<size_t>(first + i)];
      for (int64_t j = from; (j = k.next_above_floors(values, offset, floors, j, to)) < to;) {
        for (const int64_t end = std::min(j + kStep, to); j < end; ++j) {
          push(second + j, values[j] - offset, first + i);
        }
      }
    }
  });
}

void Candidates::push(int64_t i, float closeness, int64_t row) {
  const auto at = static_cast<size_t>(i);
  if (!(closeness > floor_[at])) return;
  entries_[at * static_cast<size_t>(room_) + static_cast<size_t>(used_[at]++)] = {closeness, static_cast<int32_t>(row)};
  if (used_[at] == room_) shrink(i);
}

void Candidates::shrink(int64_t i) {
  const auto at = static_cast<size_t>(i);
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(i * room_);
  std::nth_element(begin, begin + (keep_ - 1), begin + used_[at],
                   [](const Entry& a, const Entry& b) { return a.closeness > b.closeness; });
  used_[at] = static_cast<int32_t>(keep_);
  floor_[at] = (begin + (keep_ - 1))->closeness;
}

std::vector<int32_t> Candidates::of(int64_t i) {
  const auto at = static_cast<size_t>(i);
  if (used_[at] > keep_) shrink(i);
  std::vector<int32_t> rows;
  for (int32_t e = 0; e < used_[at]; ++e)
    rows.push_back(entries_[at * static_cast<size_t>(room_) + static_cast<size_t>(e)].row);
  return rows;
}

}  // namespace directclr::spectrum
