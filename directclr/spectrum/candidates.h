#pragma once

#include <cstdint>
#include <vector>

namespace directclr::spectrum {

/// The closest rows found so far for each of N rows, while blocks of inner products arrive in any order: of these the
/// few are kept that pass a floor, which rises as better ones come. Memory O(N keep).
class Candidates {
 public:
  /// Requires: 1 <= keep.
  Candidates(int64_t rows, int64_t keep);

  /// Inner products <x_i, x_j> of rows `first` .. `first + height` with rows `second` .. `second + width`, row by row.
  /// Both sides learn of each other; a block on the diagonal (first == second) must be square, and no row becomes its
  /// own neighbour. `half` holds |x|^2 / 2 of all rows: what is kept is largest in <x, y> - |y|^2 / 2. All finite.
  void offer(const float* products, int64_t first, int64_t height, int64_t second, int64_t width,
             const std::vector<float>& half);

  /// The rows kept for row i, `keep` of them or as many as there were, in no particular order.
  std::vector<int32_t> of(int64_t i);

 private:
  struct Entry {
    float closeness;
    int32_t row;
  };
  void push(int64_t i, float closeness, int64_t row);
  void shrink(int64_t i);

  int64_t keep_, room_;
  std::vector<Entry> entries_;  // room_ for each row
  std::vector<int32_t> used_;
  std::vector<float> floor_;  // of each row: what is not above it can be left out
};

}  // namespace directclr::spectrum
