#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace directclr {

/// One regular file inside a tar archive.
struct TarEntry {
  std::string name;
  uint64_t offset = 0;  ///< of its content in the archive
  uint64_t size = 0;
};

/// The regular files of an archive in its bytes: ustar, with GNU's and POSIX' extensions for long names and sizes. A
/// hard link is the file that it names. Sizes up to 2^63. Throws InputError(`where`) naming the byte at which the
/// archive is damaged or ends too early, and for a compressed one.
std::vector<TarEntry> read_tar_index(std::string_view archive, const std::string& where);
/// The same, added to `entries`: those before the damage are there when it throws. `left_out`, unless null, gets the
/// names of members that are neither files nor directories: symbolic links, devices, files with holes.
void read_tar_index(std::string_view archive, const std::string& where, std::vector<TarEntry>& entries,
                    std::vector<std::string>* left_out = nullptr);

/// The header of a regular file, 512 bytes; its content follows, filled up with zeros to whole blocks of 512. Requires:
/// name of at most 100 bytes. The same for the same arguments: owner, time and mode are fixed.
std::string tar_header(const std::string& name, uint64_t size);

}  // namespace directclr
