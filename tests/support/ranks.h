#pragma once

#include <cstdlib>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <utility>
#include <vector>

#include "directclr/distributed/process_group.h"

namespace directclr::test {

/// Runs `work` on so many ranks, each a thread of this process, joined into one group over Gloo. Throws what a rank
/// threw.
inline void on_ranks(int64_t size, const std::function<void(const distributed::ProcessGroup&)>& work,
                     bool shared_memory = true) {
  // c10d's flight recorder is one for the whole process, and in libtorch 2.11 it bears one group at a time.
  ::setenv("TORCH_FR_BUFFER_SIZE", "0", /*overwrite=*/1);
  std::exception_ptr failure;
  const auto on_threads = [&](const std::function<void(int64_t)>& of_rank) {
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (int64_t rank = 0; rank < size; ++rank) {
      threads.emplace_back([&, rank] {
        try {
          of_rank(rank);
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failure) failure = std::current_exception();
        }
      });
    }
    for (auto& thread : threads) thread.join();
    if (failure) std::rethrow_exception(failure);
  };
  // Nobody works, and leaves, before all are connected: Gloo takes that for a broken connection.
  const auto store = c10::make_intrusive<c10d::HashStore>();
  std::vector<distributed::ProcessGroup> groups(static_cast<size_t>(size));
  on_threads([&](int64_t rank) {
    groups[static_cast<size_t>(rank)] =
        distributed::ProcessGroup::over(store, rank, size, /*timeout_seconds=*/60, shared_memory);
  });
  on_threads([&](int64_t rank) {
    const distributed::ProcessGroup group = std::exchange(groups[static_cast<size_t>(rank)], {});
    work(group);
  });
}

}  // namespace directclr::test
