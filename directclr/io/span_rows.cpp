#include "directclr/io/span_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "directclr/array/half.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/mapped_file.h"
#include "directclr/io/inflate.h"

namespace directclr::io {
namespace {

using Coding = ArraySpan::Coding;

bool rows_in_order(const ArraySpan& span) {
  int64_t expected = 1;
  for (size_t d = span.strides.size(); d-- > 0;) {
    if (span.shape[d] > 1 && span.strides[d] != expected) return false;
    expected *= std::max<int64_t>(span.shape[d], 1);
  }
  return true;
}

// Sign, 4 bits of exponent, 3 of fraction; no infinities, and one NaN of each sign.
array::Float16 wide_e4m3(uint8_t bits) {
  const int exponent = bits >> 3 & 15, fraction = bits & 7;
  if (exponent == 15 && fraction == 7) return array::Float16(std::numeric_limits<float>::quiet_NaN());
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -9)
                                        : std::ldexp(static_cast<float>(8 + fraction), exponent - 10);
  return array::Float16(bits & 0x80 ? -magnitude : magnitude);
}

// The upper half of a float16.
array::Float16 wide_e5m2(uint8_t bits) {
  array::Float16 wide;
  wide.bits = static_cast<uint16_t>(bits << 8);
  return wide;
}

void widen(const std::string& from, array::Float16 (*wide)(uint8_t), void* to) {
  std::array<array::Float16, 256> table;
  for (size_t i = 0; i < table.size(); ++i) table[i] = wide(static_cast<uint8_t>(i));
  auto* out = static_cast<array::Float16*>(to);
  for (const char byte : from) *out++ = table[static_cast<uint8_t>(byte)];
}

void reverse_bytes(char* data, uint64_t bytes, size_t element) {
  for (char* end = data + bytes; data < end; data += element) std::reverse(data, data + element);
}

// Elements of `size` bytes: `rows` rows, `row_step` elements from one to the next, each with its elements at `places`.
// Some rows at a time: where columns lie together neighbours are read together, and what is written stays in the cache.
template <size_t size>
void gather_elements(const char* from, int64_t rows, int64_t row_step, const std::vector<uint64_t>& places, char* out) {
  constexpr int64_t kTogether = 64;
  for (int64_t begin = 0; begin < rows; begin += kTogether) {
    const int64_t end = std::min(rows, begin + kTogether);
    for (size_t j = 0; j < places.size(); ++j) {
      for (int64_t i = begin; i < end; ++i) {
        std::memcpy(out + (static_cast<size_t>(i) * places.size() + j) * size,
                    from + (static_cast<uint64_t>(i * row_step) + places[j]) * size, size);
      }
    }
  }
}

// Where the elements of one row lie, from its first on.
std::vector<uint64_t> places_in_row(const ArraySpan& span) {
  std::vector<uint64_t> places = {0};
  for (size_t d = 1; d < span.shape.size(); ++d) {
    std::vector<uint64_t> finer;
    finer.reserve(places.size() * static_cast<size_t>(span.shape[d]));
    for (const uint64_t place : places) {
      for (int64_t i = 0; i < span.shape[d]; ++i) finer.push_back(place + static_cast<uint64_t>(i * span.strides[d]));
    }
    places = std::move(finer);
  }
  return places;
}

}  // namespace

SpanRows::SpanRows(std::filesystem::path path, ArraySpan span)
    : path_(std::move(path)), span_(std::move(span)), in_order_(rows_in_order(span_)) {
  for (size_t d = 1; d < span_.shape.size(); ++d) row_elements_ *= static_cast<uint64_t>(span_.shape[d]);
}

SpanRows::~SpanRows() = default;

void SpanRows::read(int64_t row, int64_t count, void* out) {
  const uint64_t bytes = static_cast<uint64_t>(count) * row_elements_ * span_.stored_size();
  if (bytes == 0) return;
  if (span_.coding == Coding::kFloat8E4M3 || span_.coding == Coding::kFloat8E5M2) {
    std::string narrow(bytes, '\0');
    fetch(row, count, narrow.data());
    return widen(narrow, span_.coding == Coding::kFloat8E4M3 ? wide_e4m3 : wide_e5m2, out);
  }
  fetch(row, count, static_cast<char*>(out));
  if (span_.coding == Coding::kBigEndian) reverse_bytes(static_cast<char*>(out), bytes, span_.stored_size());
}

// As the file holds the elements, row after row.
void SpanRows::fetch(int64_t row, int64_t count, char* out) {
  if (!in_order_) return gather(row, count, out);
  const uint64_t row_bytes = row_elements_ * span_.stored_size(), bytes = static_cast<uint64_t>(count) * row_bytes;
  if (span_.compressed == 0) {
    return read_range(path_, span_.offset + static_cast<uint64_t>(row) * row_bytes, bytes, out);
  }
  if (!stream_) {
    stream_ = std::make_unique<InflateStream>(path_, span_.offset, span_.compressed);
    stream_->skip(span_.skip);
  }
  stream_->read(out, bytes);
}

void SpanRows::gather(int64_t row, int64_t count, char* out) {
  const uint64_t extent = span_.extent().value_or(0);
  const char* from = nullptr;
  if (span_.compressed > 0) {
    if (inflated_.empty()) {
      InflateStream stream(path_, span_.offset, span_.compressed);
      stream.skip(span_.skip);
      // Not at once: a stream that ends before costs no more than it holds.
      constexpr uint64_t kPiece = 1 << 24;
      while (inflated_.size() < extent) {
        const uint64_t had = inflated_.size();
        inflated_.resize(std::min(extent, had + kPiece));
        stream.read(inflated_.data() + had, inflated_.size() - had);
      }
    }
    from = inflated_.data();
  } else {
    if (!mapped_) mapped_ = std::make_unique<MappedFile>(path_, MappedFile::Access::kInOrder);
    const auto bytes = mapped_->bytes();
    if (span_.offset > bytes.size() || extent > bytes.size() - span_.offset) {
      throw InputError(path_.string(), "is shorter than it was when it was opened");
    }
    from = bytes.data() + span_.offset;
  }
  const size_t size = span_.stored_size();
  const int64_t step = span_.strides[0];
  from += static_cast<uint64_t>(row * step) * size;
  const auto places = places_in_row(span_);
  switch (size) {
    case 1: return gather_elements<1>(from, count, step, places, out);
    case 2: return gather_elements<2>(from, count, step, places, out);
    case 4: return gather_elements<4>(from, count, step, places, out);
    default: return gather_elements<8>(from, count, step, places, out);
  }
}

array::Array read_array(const std::filesystem::path& path, const ArraySpan& span) {
  array::Array values = array::Array::empty(span.shape, span.type);
  if (values.numel() == 0) return values;
  ArraySpan rows = span;
  if (rows.shape.empty()) {
    rows.shape = {1};
    rows.strides.clear();
  }
  SpanRows(path, rows).read(0, rows.shape[0], values.mutable_raw());
  return values;
}

}  // namespace directclr::io
