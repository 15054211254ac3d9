#include "directclr/io/npy.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

struct Type {
  const char* name;
  at::ScalarType scalar;
};
constexpr Type kTypes[] = {
    {"<f2", at::kHalf}, {"<f4", at::kFloat}, {"<f8", at::kDouble}, {"<i8", at::kLong}, {"|u1", at::kByte}};

// The text between `open` and `close` after the key; "" when there is none.
std::string value_after(const std::string& header, const std::string& key, char open, char close) {
  const size_t at = header.find("'" + key + "'");
  if (at == std::string::npos) return "";
  const size_t begin = header.find(open, header.find(':', at));
  const size_t end = begin == std::string::npos ? begin : header.find(close, begin + 1);
  return end == std::string::npos ? "" : header.substr(begin + 1, end - begin - 1);
}

}  // namespace

void write_npy(const std::filesystem::path& path, const at::Tensor& tensor) {
  const at::Tensor data = tensor.detach().cpu().contiguous();
  const char* type = nullptr;
  for (const auto& candidate : kTypes) {
    if (candidate.scalar == data.scalar_type()) type = candidate.name;
  }
  TORCH_CHECK(type, "[write_npy] expected float16, float32, float64, int64 or uint8, got ", data.scalar_type());
  std::string shape;
  for (const int64_t size : data.sizes()) shape += std::to_string(size) + ", ";
  std::string header = std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  while ((header.size() + 11) % 64 != 0) header += ' ';
  header += '\n';
  const auto length = static_cast<uint16_t>(header.size());
  write_file_in_chunks(path, [&](const WriteChunk& write) {
    write("\x93NUMPY\x01\x00", 8);
    write(&length, 2);
    write(header.data(), header.size());
    write(data.data_ptr(), data.nbytes());
  });
}

TensorSpan read_npy_span(const std::filesystem::path& path) {
  const uint64_t size = size_of_file(path);
  return parse_npy_head(read_range(path, 0, std::min(size, kNpyHead)), size, path.string());
}

TensorSpan parse_npy_head(std::string_view head, uint64_t size, const std::string& name) {
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
  TensorSpan span;
  span.type = type->scalar;
  span.offset = begin + header_size;
  const uint64_t held = size - begin - header_size;
  uint64_t count = 1;
  for (std::string word : split(value_after(header, "shape", '(', ')'), ',')) {
    while (word.starts_with(" ")) word.erase(0, 1);
    if (word.empty()) continue;
    int64_t extent = 0;
    if (!parse_int(word, extent) || extent < 0) throw fail("bad shape in the .npy header");
    span.shape.push_back(extent);
    // Nothing real is larger than the file itself; capping keeps a hostile product from wrapping around.
    count = std::min<uint64_t>(count, held + 1) * std::min<uint64_t>(static_cast<uint64_t>(extent), held + 1);
  }
  if (count * c10::elementSize(span.type) != held) throw fail("the data are not as large as the header says");
  return span;
}

at::Tensor read_npy(const std::filesystem::path& path) {
  const TensorSpan span = read_npy_span(path);
  at::Tensor tensor = at::empty(span.shape, span.type);
  if (tensor.nbytes() > 0) read_range(path, span.offset, tensor.nbytes(), tensor.mutable_data_ptr());
  return tensor;
}

}  // namespace directclr::io
