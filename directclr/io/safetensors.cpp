#include "directclr/io/safetensors.h"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

struct Type {
  const char* name;
  at::ScalarType scalar;
};
constexpr Type kTypes[] = {{"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16},
                           {"I64", at::kLong},   {"I32", at::kInt},   {"U8", at::kByte},  {"BOOL", at::kBool}};

const char* name_of(at::ScalarType scalar) {
  for (const auto& type : kTypes) {
    if (type.scalar == scalar) return type.name;
  }
  TORCH_CHECK(false, "[write_safetensors] expected a type that the format has, got ", scalar);
}

at::ScalarType scalar_of(const std::string& name, const std::string& where) {
  for (const auto& type : kTypes) {
    if (name == type.name) return type.scalar;
  }
  throw InputError(where, "element type '" + name + "' is not supported");
}

}  // namespace

const at::Tensor* TensorFile::find(const std::string& name) const {
  for (const auto& [key, tensor] : tensors) {
    if (key == name) return &tensor;
  }
  return nullptr;
}

void write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
  nlohmann::ordered_json header;
  std::vector<at::Tensor> data;
  std::set<std::string> seen;
  uint64_t offset = 0;
  uint32_t crc = 0;
  header["__metadata__"] = file.metadata;
  for (const auto& [name, tensor] : file.tensors) {
    TORCH_CHECK(seen.insert(name).second, "[write_safetensors] expected distinct names, got '", name, "' twice");
    data.push_back(tensor.detach().cpu().contiguous());
    const uint64_t end = offset + data.back().nbytes();
    header[name] = {
        {"dtype", name_of(tensor.scalar_type())}, {"shape", tensor.sizes().vec()}, {"data_offsets", {offset, end}}};
    crc = crc32c(data.back().data_ptr(), data.back().nbytes(), crc);
    offset = end;
  }
  header["__metadata__"]["crc32c"] = format("%08x", crc);
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begin aligned
  const uint64_t length = text.size();
  write_file_in_chunks(path, [&](const WriteChunk& write) {
    write(&length, 8);
    write(text.data(), text.size());
    for (const auto& tensor : data) write(tensor.data_ptr(), tensor.nbytes());
  });
}

SafetensorsIndex read_safetensors_index(const std::filesystem::path& path) {
  const std::string where = path.string();
  const uint64_t size = size_of_file(path);
  if (size < 8) throw InputError(where, "too short for a safetensors file");
  uint64_t length = 0;
  std::memcpy(&length, read_range(path, 0, 8).data(), 8);
  if (length > size - 8) throw InputError(where, "the safetensors header is longer than the file", "truncated?");
  SafetensorsIndex index;
  index.data_offset = 8 + length;
  const uint64_t held = size - index.data_offset;
  std::vector<std::pair<uint64_t, uint64_t>> spans;
  try {
    const auto header = nlohmann::ordered_json::parse(read_range(path, 8, length));
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        index.metadata = entry.get<std::map<std::string, std::string>>();
        continue;
      }
      TensorSpan span{scalar_of(entry.at("dtype").get<std::string>(), where),
                      entry.at("shape").get<std::vector<int64_t>>(), 0};
      const auto begin = entry.at("data_offsets").at(0).get<uint64_t>();
      const auto end = entry.at("data_offsets").at(1).get<uint64_t>();
      if (begin > end || end > held)
        throw InputError(where, "tensor '" + name + "' lies outside the file", "truncated?");
      uint64_t count = 1;
      for (const int64_t extent : span.shape) {
        if (extent < 0) throw InputError(where, "tensor '" + name + "' has a negative size");
        count = std::min<uint64_t>(count, held + 1) * std::min<uint64_t>(static_cast<uint64_t>(extent), held + 1);
      }
      if (count * c10::elementSize(span.type) != end - begin) {
        throw InputError(where, "tensor '" + name + "' is not as large as its shape says");
      }
      spans.emplace_back(begin, end);
      span.offset = index.data_offset + begin;
      index.tensors.emplace_back(name, std::move(span));
    }
  } catch (const nlohmann::json::exception& error) {
    throw InputError(where, std::string("the safetensors header is damaged: ") + error.what());
  }
  std::sort(spans.begin(), spans.end());
  for (size_t i = 1; i < spans.size(); ++i) {
    if (spans[i].first < spans[i - 1].second) throw InputError(where, "two tensors overlap");
  }
  return index;
}

TensorFile read_safetensors(const std::filesystem::path& path) {
  SafetensorsIndex index = read_safetensors_index(path);
  const std::string data = read_range(path, index.data_offset, size_of_file(path) - index.data_offset);
  TensorFile file;
  for (const auto& [name, span] : index.tensors) {
    at::Tensor tensor = at::empty(span.shape, span.type);
    if (tensor.nbytes() > 0)
      std::memcpy(tensor.data_ptr(), data.data() + span.offset - index.data_offset, tensor.nbytes());
    file.add(name, std::move(tensor));
  }
  if (const auto crc = index.metadata.find("crc32c"); crc != index.metadata.end()) {
    if (crc->second != format("%08x", crc32c(data.data(), data.size())))
      throw InputError(path.string(), "checksum mismatch: the file is damaged");
  }
  file.metadata = std::move(index.metadata);
  return file;
}

}  // namespace directclr::io
