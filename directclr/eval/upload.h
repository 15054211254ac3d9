#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <array>
#include <optional>

#include "directclr/data/loader.h"

namespace directclr::eval {

/// Memory that the device reads by itself while the host goes on (page-locked); null for processors, where any will do.
data::BatchMemory memory_for(c10::Device device);

/// Takes one tensor after another from the host's memory to a device that still works on what it was told before: the
/// copies run on a stream of their own, into two buffers that take turns. On processors nothing is copied: `begin`
/// gives what it got, and the others do nothing.
///
/// The order for tensor k, in buffer k mod 2; with U the stream of the copies and C the caller's current one:
///   U waits until C has read tensor k - 2 (`used`), and copies; C waits for the copy, and reads (`used`);
///   the host waits for the copy (`wait`) before it writes to the memory that it was of.
/// So the host can be at most two tensors ahead of the device.
class Upload {
 public:
  explicit Upload(c10::Device device);
  /// Waits for the last copy.
  ~Upload();
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  /// `host`, contiguous, on the device, for all that its current stream is told from now on until `used`. The call
  /// after the next writes to the same buffer.
  at::Tensor begin(const at::Tensor& host);
  /// What the current stream was told so far is all that reads the last tensor.
  void used();
  /// Returns when the copy of the last tensor has ended.
  void wait() const;

 private:
  struct Buffer {
    at::Tensor memory;
    std::optional<c10::Event> copied, used;
  };

  c10::Device device_;
  std::optional<c10::Stream> stream_;  // none on processors
  std::array<Buffer, 2> buffers_;
  size_t turn_ = 0;
};

}  // namespace directclr::eval
