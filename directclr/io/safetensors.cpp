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

TensorFile read_safetensors(const std::filesystem::path& path) {
  const std::string where = path.string();
  const std::string bytes = read_file(path);
  uint64_t length = 0;
  if (bytes.size() < 8) throw InputError(where, "too short for a safetensors file");
  std::memcpy(&length, bytes.data(), 8);
  if (length > bytes.size() - 8)
    throw InputError(where, "the safetensors header is longer than the file", "truncated?");
  TensorFile file;
  const char* data = bytes.data() + 8 + length;
  const uint64_t held = bytes.size() - 8 - length;
  std::vector<std::pair<uint64_t, uint64_t>> spans;
  try {
    const auto header =
        nlohmann::ordered_json::parse(bytes.begin() + 8, bytes.begin() + 8 + static_cast<ptrdiff_t>(length));
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        file.metadata = entry.get<std::map<std::string, std::string>>();
        continue;
      }
      const at::ScalarType scalar = scalar_of(entry.at("dtype").get<std::string>(), where);
      const auto shape = entry.at("shape").get<std::vector<int64_t>>();
      const auto begin = entry.at("data_offsets").at(0).get<uint64_t>();
      const auto end = entry.at("data_offsets").at(1).get<uint64_t>();
      if (begin > end || end > held)
        throw InputError(where, "tensor '" + name + "' lies outside the file", "truncated?");
      uint64_t count = 1;
      for (const int64_t size : shape) {
        if (size < 0) throw InputError(where, "tensor '" + name + "' has a negative size");
        count = std::min<uint64_t>(count, held + 1) * std::min<uint64_t>(static_cast<uint64_t>(size), held + 1);
      }
      if (count * c10::elementSize(scalar) != end - begin) {
        throw InputError(where, "tensor '" + name + "' is not as large as its shape says");
      }
      spans.emplace_back(begin, end);
      at::Tensor tensor = at::empty(shape, scalar);
      if (end > begin) std::memcpy(tensor.data_ptr(), data + begin, end - begin);
      file.add(name, std::move(tensor));
    }
  } catch (const nlohmann::json::exception& error) {
    throw InputError(where, std::string("the safetensors header is damaged: ") + error.what());
  }
  std::sort(spans.begin(), spans.end());
  for (size_t i = 1; i < spans.size(); ++i) {
    if (spans[i].first < spans[i - 1].second) throw InputError(where, "two tensors overlap");
  }
  if (const auto crc = file.metadata.find("crc32c"); crc != file.metadata.end()) {
    if (crc->second != format("%08x", crc32c(data, held)))
      throw InputError(where, "checksum mismatch: the file is damaged");
  }
  return file;
}

}  // namespace directclr::io
