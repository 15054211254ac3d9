#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace directclr::distributed {

/// Small messages between the processes of one machine, through shared memory: some microseconds where a socket takes
/// some hundred. A training step with synchronised batch normalisation has a hundred of them, one after the other.
class LocalExchange {
 public:
  static constexpr size_t kMostBytes = 64 << 10;

  /// Collective; `store` tells the others where the memory is. Null, on all of them, when one cannot have it.
  static std::unique_ptr<LocalExchange> open(c10d::Store& store, int64_t rank, int64_t size,
                                             std::chrono::milliseconds timeout);
  ~LocalExchange();
  LocalExchange(const LocalExchange&) = delete;
  LocalExchange& operator=(const LocalExchange&) = delete;

  /// Everybody's message of `bytes` bytes, in the order of ranks, into `all` (size * bytes). Collective; all pass the
  /// same number of bytes, at most kMostBytes. Throws std::runtime_error when a process is gone or takes longer than
  /// the timeout.
  void gather(const void* mine, size_t bytes, void* all);

 private:
  LocalExchange(int64_t rank, int64_t size, std::chrono::milliseconds timeout, void* memory)
      : rank_(rank), size_(size), timeout_(timeout), memory_(memory) {}

  struct Slot;
  Slot& slot(int64_t rank) const;
  void wait_for(int64_t rank, uint32_t turn) const;

  const int64_t rank_;
  const int64_t size_;
  const std::chrono::milliseconds timeout_;
  void* const memory_;
  uint32_t turn_ = 0;
};

}  // namespace directclr::distributed
