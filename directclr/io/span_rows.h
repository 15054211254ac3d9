#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "directclr/array/array.h"
#include "directclr/io/array_span.h"

namespace directclr {
class MappedFile;
}

namespace directclr::io {

class InflateStream;

/// The rows of an array in a file: the indices of its first axis, in whatever order the file holds the elements. Rows
/// that lie one after the other are read in the memory of one call; a compressed array of another order as a whole.
class SpanRows {
 public:
  SpanRows(std::filesystem::path path, ArraySpan span);
  ~SpanRows();
  SpanRows(const SpanRows&) = delete;
  SpanRows& operator=(const SpanRows&) = delete;

  const ArraySpan& span() const { return span_; }

  /// Rows `row` .. `row + count - 1`, row after row in the span's type, to `out`. Requires rows that there are; those
  /// of a compressed array in their order. Throws InputError when they cannot be read.
  void read(int64_t row, int64_t count, void* out);

 private:
  void fetch(int64_t row, int64_t count, char* out);
  void gather(int64_t row, int64_t count, char* out);

  std::filesystem::path path_;
  ArraySpan span_;
  bool in_order_;
  uint64_t row_elements_ = 1;
  std::unique_ptr<InflateStream> stream_;  // of a compressed array
  std::unique_ptr<MappedFile> mapped_;     // of one in another order
  std::string inflated_;                   // of one that is both
};

/// The whole array. Throws InputError when it cannot be read.
array::Array read_array(const std::filesystem::path& path, const ArraySpan& span);

}  // namespace directclr::io
