#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace directclr::io {

/// Where an entry of a ZIP archive lies, without its data.
struct ZipEntry {
  uint64_t offset = 0;      ///< of its bytes in the archive
  uint64_t size = 0;        ///< uncompressed
  uint64_t compressed = 0;  ///< as stored
  bool stored = true;       ///< not compressed: bytes offset .. offset + size are the content
};

/// The entries of an archive (ZIP and ZIP64) by name. Throws InputError for what is no archive, is truncated, or whose
/// directory points outside the file; for encrypted entries and archives of several parts.
std::map<std::string, ZipEntry> read_zip_index(const std::filesystem::path& path);

}  // namespace directclr::io
