#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "directclr/core/error.h"

namespace directclr::dist {

/// A line to the processes' common store that is this thread's own: the store's client answers one request at a time.
class StoreLine {
 public:
  virtual ~StoreLine() = default;
  virtual void set(const std::string& key, const std::string& value) = 0;
  /// The value, or "" when there is none yet.
  virtual std::string get(const std::string& key) = 0;
  /// Sets unless it is set already; gives what then stands there.
  virtual std::string set_once(const std::string& key, const std::string& value) = 0;
};
using OpenStoreLine = std::function<std::unique_ptr<StoreLine>()>;

/// Tells the other processes every second that this one lives and what it does, and finds out, once an operation over
/// all of them has failed, which one is to blame: one that gives no more signs of life, else the one that is furthest
/// behind. The first process to find out reports; the others say nothing.
class Watch {
 public:
  Watch(int64_t rank, int64_t size, OpenStoreLine open_line);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  void doing(const std::string& activity);
  /// Counts operations over all processes: who has begun fewest is behind.
  void operation_begins() { operations_.fetch_add(1, std::memory_order_relaxed); }

  /// Makes known that this process fails, and why.
  void announce(const std::string& why);

  /// Why an operation failed: a failure that was announced, or the process that was found. `reported`: another process
  /// tells the user. Takes some seconds.
  RankFailure diagnose(const std::string& symptom);

 private:
  void beat();
  std::string status() const;

  const int64_t rank_;
  const int64_t size_;
  const OpenStoreLine open_line_;
  const std::string where_;  // host and process number
  std::atomic<int64_t> operations_{0};
  std::atomic<int64_t> beats_{0};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::string activity_ = "starting";
  std::string root_status_;  // rank 0's, as last seen: it holds the store, and may take it along
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace directclr::dist
