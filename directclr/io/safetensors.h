#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "directclr/array/array.h"
#include "directclr/io/array_index.h"

namespace directclr::io {

/// Arrays by name, in file order, with string metadata: the content of a .safetensors file.
struct ArrayFile {
  std::vector<std::pair<std::string, array::Array>> arrays;
  std::map<std::string, std::string> metadata;

  /// The array of that name, or null.
  const array::Array* find(const std::string& name) const;
  void add(std::string name, array::Array values) { arrays.emplace_back(std::move(name), std::move(values)); }
};

/// Writes the safetensors format (u64 header length, JSON header, raw little-endian data), atomically, with the CRC-32C
/// of the data section as metadata key "crc32c". Requires distinct names. Throws InputError when the file cannot be
/// written; an older file of that name is then intact.
void write_safetensors(const std::filesystem::path& path, const ArrayFile& file);

/// What a .safetensors file holds and where, without its data: for files larger than memory.
struct SafetensorsIndex : ArrayIndex {
  std::map<std::string, std::string> metadata;
  uint64_t data_offset = 0;
};

/// Throws InputError for a truncated, damaged or hostile file (header too long, offsets outside the data, overlaps).
SafetensorsIndex read_safetensors_index(const std::filesystem::path& path);

/// Reads a .safetensors file, ours or anybody's; verifies the checksum where there is one.
/// Throws InputError where read_safetensors_index does, and for a type that arrays do not have.
ArrayFile read_safetensors(const std::filesystem::path& path);

}  // namespace directclr::io
