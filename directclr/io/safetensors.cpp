#include "directclr/io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <stdexcept>

#include "directclr/core/checksum.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"

namespace directclr::io {
namespace {

using array::DType;

using Coding = ArraySpan::Coding;

struct Type {
  const char* name;
  DType type;
  Coding coding = Coding::kPlain;
};
// The first that has an array's type is that of files written here.
constexpr Type kTypes[] = {{"BOOL", DType::kBool},
                           {"U8", DType::kUint8},
                           {"I8", DType::kInt8},
                           {"U16", DType::kUint16},
                           {"I16", DType::kInt16},
                           {"U32", DType::kUint32},
                           {"I32", DType::kInt32},
                           {"U64", DType::kUint64},
                           {"I64", DType::kInt64},
                           {"F16", DType::kFloat16},
                           {"BF16", DType::kBFloat16},
                           {"F32", DType::kFloat32},
                           {"F64", DType::kFloat64},
                           {"F8_E4M3", DType::kFloat16, Coding::kFloat8E4M3},
                           {"F8_E5M2", DType::kFloat16, Coding::kFloat8E5M2}};

const char* format_name(DType wanted) {
  return std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type& type) { return type.type == wanted; })
      ->name;
}

const Type* type_named(const std::string& name) {
  const auto* found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const Type& type) { return name == type.name; });
  return found == std::end(kTypes) ? nullptr : found;
}

}  // namespace

const array::Array* ArrayFile::find(const std::string& name) const {
  for (const auto& [key, values] : arrays) {
    if (key == name) return &values;
  }
  return nullptr;
}

void write_safetensors(const std::filesystem::path& path, const ArrayFile& file) {
  Json header;
  std::vector<array::Array> data;
  std::set<std::string> seen;
  uint64_t offset = 0;
  uint32_t crc = 0;
  header["__metadata__"] = file.metadata;
  for (const auto& [name, values] : file.arrays) {
    if (!seen.insert(name).second) {
      throw std::invalid_argument("[write_safetensors] expected distinct names, got '" + name + "' twice");
    }
    data.push_back(values.contiguous());
    const uint64_t end = offset + data.back().nbytes();
    header[name] = {{"dtype", format_name(values.dtype())},
                    {"shape", values.shape()},
                    {"data_offsets", Json::array({offset, end})}};
    crc = crc32c(data.back().raw(), data.back().nbytes(), crc);
    offset = end;
  }
  header["__metadata__"]["crc32c"] = format("%08x", crc);
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begin aligned
  const uint64_t length = text.size();
  write_file_in_chunks(path, [&](const WriteChunk& write) {
    write(&length, 8);
    write(text.data(), text.size());
    for (const auto& values : data) write(values.raw(), values.nbytes());
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
  index.container = "a safetensors file";
  index.data_offset = 8 + length;
  const uint64_t held = size - index.data_offset;
  std::vector<std::pair<uint64_t, uint64_t>> spans;
  try {
    const auto header = Json::parse(read_range(path, 8, length));
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__") {
        index.metadata = entry.get<std::map<std::string, std::string>>();
        continue;
      }
      const auto type_name = entry.at("dtype").get<std::string>();
      const Type* const type = type_named(type_name);
      ArraySpan span;
      span.shape = entry.at("shape").get<std::vector<int64_t>>();
      const auto begin = entry.at("data_offsets").at(0).get<uint64_t>();
      const auto end = entry.at("data_offsets").at(1).get<uint64_t>();
      if (begin > end || end > held)
        throw InputError(where, "tensor '" + name + "' lies outside the file", "truncated?");
      for (const int64_t extent : span.shape) {
        if (extent < 0) throw InputError(where, "tensor '" + name + "' has a negative size");
      }
      spans.emplace_back(begin, end);
      if (!type) {
        index.others.push_back({name, "elements of type " + type_name + " " + shape_text(span.shape)});
        continue;
      }
      span.type = type->type;
      span.coding = type->coding;
      if (span.bytes() != end - begin) {
        throw InputError(where, "tensor '" + name + "' is not as large as its shape says");
      }
      span.offset = index.data_offset + begin;
      index.arrays.emplace_back(name, std::move(span));
    }
  } catch (const JsonError& error) {
    throw InputError(where, std::string("the safetensors header is damaged: ") + error.what());
  }
  std::sort(spans.begin(), spans.end());
  for (size_t i = 1; i < spans.size(); ++i) {
    if (spans[i].first < spans[i - 1].second) throw InputError(where, "two tensors overlap");
  }
  return index;
}

ArrayFile read_safetensors(const std::filesystem::path& path) {
  SafetensorsIndex index = read_safetensors_index(path);
  if (!index.others.empty()) {
    throw InputError(path.string(),
                     "'" + index.others[0].name + "' has " + index.others[0].what + ", which is not supported");
  }
  ArrayFile file;
  for (const auto& [name, span] : index.arrays) file.add(name, read_array(path, span));
  if (const auto crc = index.metadata.find("crc32c"); crc != index.metadata.end()) {
    const std::string data = read_range(path, index.data_offset, size_of_file(path) - index.data_offset);
    if (crc->second != format("%08x", crc32c(data.data(), data.size())))
      throw InputError(path.string(), "checksum mismatch: the file is damaged");
  }
  file.metadata = std::move(index.metadata);
  return file;
}

}  // namespace directclr::io
