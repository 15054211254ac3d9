#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/files.h"

namespace directclr::io {

/// A histogram: `count[i]` numbers in (limit[i - 1], limit[i]], and what is known of the numbers themselves.
struct EventHistogram {
  std::string name;
  std::vector<double> limit, count;  ///< of equal length
  double least = 0, largest = 0, sum = 0, sum_of_squares = 0;
};

/// A TensorBoard event file of scalars and histograms: TFRecord framing (length, masked CRC-32C, payload, masked
/// CRC-32C) around `Event` protocol buffers (io/protobuf.h).
class EventFile {
 public:
  /// Opens `path` for appending after its first `keep_bytes` bytes; writes the version record when that is 0.
  EventFile(const std::filesystem::path& path, uint64_t keep_bytes, double wall_seconds);

  /// One point of each curve, and the histograms of that step.
  void add(int64_t step, double wall_seconds, const std::vector<std::pair<std::string, double>>& values,
           const std::vector<EventHistogram>& histograms = {});
  uint64_t size() const { return file_.size(); }

 private:
  void record(const std::string& event);
  AppendFile file_;
};

}  // namespace directclr::io
