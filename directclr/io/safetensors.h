#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "directclr/io/tensor_span.h"

namespace directclr::io {

/// Tensors by name, in file order, with string metadata: the content of a .safetensors file.
struct TensorFile {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  std::map<std::string, std::string> metadata;

  /// The tensor of that name, or null.
  const at::Tensor* find(const std::string& name) const;
  void add(std::string name, at::Tensor tensor) { tensors.emplace_back(std::move(name), std::move(tensor)); }
};

/// Writes the safetensors format (u64 header length, JSON header, raw little-endian data), atomically, with the CRC-32C
/// of the data section as metadata key "crc32c". Requires distinct names; float16/32/64, bfloat16, int32/64, uint8,
/// bool. Throws InputError when the file cannot be written; an older file of that name is then intact.
void write_safetensors(const std::filesystem::path& path, const TensorFile& file);

/// What a .safetensors file holds and where, without its data: for files larger than memory.
struct SafetensorsIndex {
  std::vector<std::pair<std::string, TensorSpan>> tensors;
  std::map<std::string, std::string> metadata;
  uint64_t data_offset = 0;
};

/// Throws InputError for a truncated, damaged or hostile file (header too long, offsets outside the data, overlaps).
SafetensorsIndex read_safetensors_index(const std::filesystem::path& path);

/// Reads a .safetensors file, ours or anybody's; verifies the checksum where there is one.
/// Throws InputError, also where read_safetensors_index does.
TensorFile read_safetensors(const std::filesystem::path& path);

}  // namespace directclr::io
