#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace directclr {

/// How long work tells its caller how far it is. The library never prints: the program draws a bar from these.
struct Progress {
  std::string task;        ///< "train", "features"
  uint64_t done = 0;       ///< units finished
  uint64_t total = 0;      ///< units in all
  std::string unit;        ///< "images", "runs"
  uint64_t units_now = 0;  ///< units finished by this process, for the rate (a resumed run starts with done > 0)
  std::string note;        ///< "loss 4.51  lr 0.10"
};
/// Takes progress as it comes.
using ProgressSink = std::function<void(const Progress&)>;

/// One line for the user that is not progress: a warning, a skipped file.
using NoticeSink = std::function<void(const std::string&)>;

/// What the surroundings give to long work: sinks, and a flag that asks it to stop at the next safe point.
struct Context {
  ProgressSink progress = [](const Progress&) {};
  NoticeSink notice = [](const std::string&) {};
  const std::atomic<int>* stop = nullptr;  ///< holds the signal's number once one came

  bool stop_requested() const { return stop && stop->load(std::memory_order_relaxed) != 0; }
};

}  // namespace directclr
