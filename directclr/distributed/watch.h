#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "directclr/core/error.h"

namespace directclr::distributed {

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
  /// Called on a thread of the watch's own, once, when this process is stuck beyond help.
  using GiveUp = std::function<void(const RankFailure&)>;

  /// `give_up`, if there is one, hears of an operation on a device that has kept this process for longer than
  /// `patience`. Such operations are only begun here; what waits for them later waits in the driver, where no failure
  /// can be thrown.
  Watch(int64_t rank, int64_t size, OpenStoreLine open_line, std::chrono::milliseconds patience = {},
        GiveUp give_up = {});
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  /// `on_device` false: work that no operation on a device can hold up.
  void doing(const std::string& activity, bool on_device);
  /// Counts operations over all processes: who has begun fewest is behind. `on_device`: others than those end by
  /// themselves.
  void operation_begins(bool on_device = false);

  /// Makes known that this process fails, and why.
  void announce(const std::string& why);

  /// Why an operation failed: a failure that was announced, or the process that was found. `reported`: another process
  /// tells the user. Takes some seconds.
  RankFailure diagnose(const std::string& symptom);

 private:
  using Clock = std::chrono::steady_clock;

  void beat();
  void guard();
  bool stuck() const;
  RankFailure find_out(const std::string& symptom);
  std::string status() const;

  const int64_t rank_;
  const int64_t size_;
  const OpenStoreLine open_line_;
  const std::chrono::milliseconds patience_;
  const GiveUp give_up_;
  const std::string where_;  // host and process number
  std::atomic<int64_t> operations_{0};
  std::atomic<int64_t> beats_{0};
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::string activity_ = "starting";
  std::string root_status_;  // rank 0's, as last seen: it holds the store, and may take it along
  bool stopping_ = false;
  std::atomic<Clock::rep> awaiting_since_{0};  // the last sign of life with an operation on a device begun; 0: none
  std::mutex one_finds_out_;
  bool found_out_ = false;
  std::thread thread_;
  std::thread guard_;
};

}  // namespace directclr::distributed
