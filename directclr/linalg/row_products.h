#pragma once

#include <cstdint>
#include <vector>

#include "directclr/array/array.h"

namespace directclr::linalg {

/// Rows put in order for inner products between blocks of them: float32 in float32, float64 in float64, fused where the
/// processor does that. The same result on any number of threads. Memory: as the rows take.
class PackedRows {
 public:
  /// Rows (n >= 1, D >= 1) float32 or float64, contiguous. They are copied.
  explicit PackedRows(const array::Array& rows);

  int64_t rows() const { return rows_; }
  array::DType dtype() const { return type_; }

  /// The granularity of blocks: they begin at multiples of it.
  static constexpr int64_t kStep = 16;

  /// products[i, j] = <row (first + i), row (second + j) of `other`>, (height, width), row by row, of this type.
  /// Requires: first, second multiples of kStep, blocks within the rows, one type and D.
  void products(int64_t first, int64_t height, const PackedRows& other, int64_t second, int64_t width,
                array::Array& products) const;

 private:
  template <class T>
  void pack(const T* rows);
  template <class T>
  const T* panel(size_t p) const;

  int64_t rows_, length_;
  array::DType type_;
  array::Array panels_;  // (panels, D, width)
};

}  // namespace directclr::linalg
