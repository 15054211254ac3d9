#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "directclr/array/dtype.h"

namespace directclr::io {

/// Where an array lies in a file: `offset` bytes from its beginning on; or, compressed, from `skip` bytes on in what a
/// deflate stream of `compressed` bytes at `offset` holds.
struct ArraySpan {
  /// How the file holds an element. Numbers of 8 bits with a floating point are read as float16, which has them all.
  enum class Coding : uint8_t { kPlain, kBigEndian, kFloat8E4M3, kFloat8E5M2 };

  array::DType type = array::DType::kFloat32;  ///< that reading gives
  std::vector<int64_t> shape;
  uint64_t offset = 0;
  uint64_t compressed = 0;  ///< 0: as it is
  uint64_t skip = 0;
  /// From an index to the next, in elements, for each axis: not negative. Empty: row after row.
  std::vector<int64_t> strides = {};
  Coding coding = Coding::kPlain;

  /// Bytes of an element in the file.
  size_t stored_size() const {
    return coding == Coding::kFloat8E4M3 || coding == Coding::kFloat8E5M2 ? 1 : array::size_of(type);
  }

  /// Of its elements, as the file holds them; nothing for a shape that no array can have: with a negative size, or
  /// larger than any file even if sizes of 0 are left out of account.
  std::optional<uint64_t> bytes() const;

  /// Bytes from the first element to the end of the last, which strides put further away or nearer; nothing for a shape
  /// or strides that no array can have.
  std::optional<uint64_t> extent() const;

  /// Puts an axis of size 1 before the others: a vector becomes a matrix of one row.
  void add_leading_axis();

  /// NumPy's and PyTorch's name of what the file holds: "float32", "float8_e4m3fn".
  const char* type_name() const;

  /// The unit roundoff of the numbers as the file holds them: 2^-4 of float8_e4m3fn.
  double roundoff() const;

  /// "float32 (500, 32)", for messages.
  std::string describe() const;
};

/// "(500, 32)".
std::string shape_text(const std::vector<int64_t>& shape);

}  // namespace directclr::io
