#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace directclr {

/// The whole file. Throws InputError naming the path and the system's reason.
std::string read_file(const std::filesystem::path& path);

/// `bytes` bytes from `offset` on. Throws InputError naming the path when it cannot be read or ends before.
std::string read_range(const std::filesystem::path& path, uint64_t offset, uint64_t bytes);
/// The same, to `out`.
void read_range(const std::filesystem::path& path, uint64_t offset, uint64_t bytes, void* out);

/// Size in bytes. Throws InputError naming the path and the system's reason.
uint64_t size_of_file(const std::filesystem::path& path);

/// Writes a file in full or not at all: to `path.partial`, fsync, rename. A reader sees the old content or the new.
/// Throws InputError naming the path and the reason (read-only; DiskFull, core/disk_full.h); the old file is then
/// untouched and the partial one removed.
void write_file(const std::filesystem::path& path, std::string_view content);

/// The same for content that is produced in pieces: `produce` calls its argument once a piece.
using WriteChunk = std::function<void(const void* data, size_t bytes)>;
void write_file_in_chunks(const std::filesystem::path& path, const std::function<void(const WriteChunk&)>& produce);

/// The files that a pattern of the shell names (*, ?, [abc]), sorted; empty when there are none.
std::vector<std::filesystem::path> matching_files(const std::string& pattern);

/// Makes a directory and its parents. Throws InputError naming the path and the reason.
void make_directories(const std::filesystem::path& path);

/// Decompresses a whole .gz file; a file that is not compressed is returned as it is.
/// Throws InputError when it is damaged or truncated.
std::string read_gzip_file(const std::filesystem::path& path);

/// A file that grows by whole lines and survives a crash up to its last full line. Used for metrics.jsonl.
class AppendFile {
 public:
  /// Opens for appending, keeping the first `keep_bytes` bytes (resume continues a log where the checkpoint was made).
  /// Throws InputError.
  AppendFile(const std::filesystem::path& path, uint64_t keep_bytes);
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;

  /// Throws InputError (DiskFull among them); what was there before is then left as it was.
  void append(std::string_view bytes);
  /// Size in bytes, everything appended so far included.
  uint64_t size() const { return size_; }

 private:
  std::filesystem::path path_;
  int file_ = -1;
  uint64_t size_ = 0;
};

}  // namespace directclr
