#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

namespace directclr::io {

/// The content of a raw deflate stream inside a file, front to back, in the memory of one small block.
class InflateStream {
 public:
  /// The stream is `compressed` bytes from `offset` on. The file is opened when something is read.
  InflateStream(const std::filesystem::path& path, uint64_t offset, uint64_t compressed);
  ~InflateStream();
  InflateStream(const InflateStream&) = delete;
  InflateStream& operator=(const InflateStream&) = delete;

  /// The next `bytes` bytes. Throws InputError when the file cannot be read, the stream is damaged or ends before.
  void read(void* out, uint64_t bytes);
  /// Leaves out the next `bytes` bytes; throws as read() does.
  void skip(uint64_t bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace directclr::io
