#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/files.h"

namespace directclr::io {

/// A TensorBoard event file of scalars: TFRecord framing (length, masked CRC-32C, payload, masked CRC-32C) around
/// `Event` protocol buffers (io/protobuf.h).
class EventFile {
 public:
  /// Opens `path` for appending after its first `keep_bytes` bytes; writes the version record when that is 0.
  EventFile(const std::filesystem::path& path, uint64_t keep_bytes, double wall_seconds);

  /// One point of each curve.
  void add(int64_t step, double wall_seconds, const std::vector<std::pair<std::string, double>>& values);
  uint64_t size() const { return file_.size(); }

 private:
  void record(const std::string& event);
  AppendFile file_;
};

}  // namespace directclr::io
