#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "directclr/core/progress.h"

namespace directclr {

/// Lets processes that each compute on several cores take turns on them, a training step at a time, instead of all
/// computing at once: threads that wait for one another inside a kernel hold the core that the thread they wait for
/// needs, and two trainings of two threads on two cores can be a hundred times slower than one (docs/measurements.md).
/// Results do not depend on it, since no number of threads changes.
///
/// A process claims as many of the cores that it may run on as it has threads. Claims are locks on the bytes of one
/// file a user, so a process that dies leaves none, and one that is suspended, or computes for more than a minute at a
/// time, is passed over. Who waits is next: a process cannot take two turns while another waits. Without such a file
/// (nowhere to write) every turn is granted at once.
class CoreTurns {
 public:
  /// For a process that computes on `threads` cores at a time (0: on none, as when a GPU computes). By default the
  /// claims of all of the user's processes.
  explicit CoreTurns(int64_t threads, const std::filesystem::path& claims = default_claims());
  ~CoreTurns();
  CoreTurns(const CoreTurns&) = delete;
  CoreTurns& operator=(const CoreTurns&) = delete;

  /// One turn: the cores are held while it lives.
  class Turn {
   public:
    explicit Turn(CoreTurns* turns) : turns_(turns) {}
    ~Turn() {
      if (turns_) turns_->release();
    }
    Turn(Turn&& other) noexcept : turns_(other.turns_) { other.turns_ = nullptr; }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Turn& operator=(Turn&&) = delete;

   private:
    CoreTurns* turns_;
  };

  /// Waits for this process's turn; returns early, without the cores, when the context asks to stop.
  [[nodiscard]] Turn take(const Context& context);

  /// `$XDG_RUNTIME_DIR/directclr-cores`, or `directclr-cores-UID` in the folder for temporary files.
  static std::filesystem::path default_claims();

 private:
  bool claim(int64_t byte);
  void unlock(int64_t byte);
  bool holder_is_suspended(int64_t byte) const;
  void release();

  int file_ = -1;
  size_t wanted_ = 0;
  std::vector<int64_t> cores_;  // those that this process may run on
  std::vector<int64_t> held_;
};

}  // namespace directclr
