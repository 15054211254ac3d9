#include "directclr/io/npy.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

using array::DType;

struct Type {
  const char* name;
  DType type;
};
constexpr Type kTypes[] = {{"|b1", DType::kBool},    {"|u1", DType::kUint8},   {"|i1", DType::kInt8},
                           {"<u2", DType::kUint16},  {"<i2", DType::kInt16},   {"<u4", DType::kUint32},
                           {"<i4", DType::kInt32},   {"<u8", DType::kUint64},  {"<i8", DType::kInt64},
                           {"<f2", DType::kFloat16}, {"<f4", DType::kFloat32}, {"<f8", DType::kFloat64}};

// The text between `open` and `close` after the key; "" when there is none.
std::string value_after(const std::string& header, const std::string& key, char open, char close) {
  const size_t at = header.find("'" + key + "'");
  if (at == std::string::npos) return "";
  const size_t begin = header.find(open, header.find(':', at));
  const size_t end = begin == std::string::npos ? begin : header.find(close, begin + 1);
  return end == std::string::npos ? "" : header.substr(begin + 1, end - begin - 1);
}

}  // namespace

void write_npy(const std::filesystem::path& path, const array::Array& values) {
  const array::Array data = values.contiguous();
  const char* type = nullptr;
  for (const auto& candidate : kTypes) {
    if (candidate.type == data.dtype()) type = candidate.name;
  }
  if (!type) {
    throw std::invalid_argument(std::string("[write_npy] expected a type that NumPy has, got ") +
                                array::name_of(data.dtype()));
  }
  std::string shape;
  for (const int64_t size : data.shape()) shape += std::to_string(size) + ", ";
  std::string header = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  while ((header.size() + 11) % 64 != 0) header += ' ';
  header += '\n';
  const auto length = static_cast<uint16_t>(header.size());
  write_file_in_chunks(path, [&](const WriteChunk& write) {
    write("\x93NUMPY\x01\x00", 8);
    write(&length, 2);
    write(header.data(), header.size());
    write(data.raw(), data.nbytes());
  });
}

ArraySpan read_npy_span(const std::filesystem::path& path) {
  const uint64_t size = size_of_file(path);
  return parse_npy_head(read_range(path, 0, std::min(size, kNpyHead)), size, path.string());
}

ArraySpan parse_npy_head(std::string_view head, uint64_t size, const std::string& name) {
  const auto fail = [&](const std::string& what) -> InputError { return {name, what}; };
  if (head.size() < 12 || head.substr(0, 6) != "\x93NUMPY") throw fail("not a NumPy .npy file");
  const int version = head[6];
  uint32_t header_size = 0;
  std::memcpy(&header_size, head.data() + 8, version == 1 ? 2 : 4);
  const size_t begin = version == 1 ? 10 : 12;
  if (version < 1 || version > 3 || head.size() < begin + header_size) throw fail("the .npy header is damaged");
  const std::string header(head.substr(begin, header_size));
  if (header.find("'fortran_order': False") == std::string::npos) throw fail("Fortran order is not supported");
  const std::string descr = value_after(header, "descr", '\'', '\'');
  const Type* type = nullptr;
  for (const auto& candidate : kTypes) {
    if (descr == candidate.name) type = &candidate;
  }
  if (!type) throw fail("element type '" + descr + "' is not supported");
  ArraySpan span;
  span.type = type->type;
  span.offset = begin + header_size;
  for (std::string word : split(value_after(header, "shape", '(', ')'), ',')) {
    while (word.starts_with(" ")) word.erase(0, 1);
    if (word.empty()) continue;
    int64_t extent = 0;
    if (!parse_int(word, extent) || extent < 0) throw fail("bad shape in the .npy header");
    span.shape.push_back(extent);
  }
  if (span.bytes() != size - span.offset) throw fail("the data are not as large as the header says");
  return span;
}

array::Array read_npy(const std::filesystem::path& path) {
  const ArraySpan span = read_npy_span(path);
  array::Array values = array::Array::empty(span.shape, span.type);
  if (values.nbytes() > 0) read_range(path, span.offset, values.nbytes(), values.mutable_raw());
  return values;
}

}  // namespace directclr::io
