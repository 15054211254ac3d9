#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "directclr/core/progress.h"

namespace directclr {

/// Lets processes that each compute on several cores take turns on them, a training step at a time, instead of all
/// computing at once: threads that wait for one another inside a kernel hold the core that the thread they wait for
/// needs, and two trainings of two threads on two cores can be a hundred times slower than one (docs/measurements.md).
/// Results do not depend on it, since no number of threads changes.
///
/// Time is shared out, not turns. As in Linux's CFS every process has a virtual runtime: the core-seconds that its
/// turns took, times 1.25^nice. Of those that wait the one with the least goes next, so that processes of equal nice
/// get equal time however long their turns are, and one of nice n gets 1.25^-n of it. Who is new, or was away, starts
/// no lower than the least of those at work: time that was not asked for is not owed. A process with less virtual
/// runtime that ended a turn less than `kGrace` ago is waited for; one that stays away longer (it waits for a disk)
/// loses its place to those that are there.
///
/// A process claims as many of the cores that it may run on as it has threads; those that fit side by side do not wait.
/// Claims are locks on bytes of one file a user, and the virtual runtimes stand in that file, each of a process that
/// holds a lock: the system drops the locks of a process that dies, so it leaves neither claim nor place. A process
/// that is suspended, or computes for more than `kPatience` at a time, is passed over. Without such a file (nowhere to
/// write), or with more than 256 processes, every turn is granted at once.
class CoreTurns {
 public:
  static constexpr int64_t kGrace = 20'000'000;         ///< nanoseconds
  static constexpr int64_t kPatience = 60'000'000'000;  ///< nanoseconds
  static constexpr int64_t kSilence = 2'000'000'000;    ///< nanoseconds
  static constexpr int64_t kBetweenLooks = 5'000'000;   ///< nanoseconds; of one that waits and is told nothing

  /// Nanoseconds since any moment, the same in all processes.
  using Clock = std::function<int64_t()>;
  static int64_t steady_nanoseconds();

  /// For a process that computes on `threads` cores at a time (0: on none, as when a GPU computes). By default the
  /// claims of all of the user's processes, by the machine's clock.
  explicit CoreTurns(int64_t threads, const std::filesystem::path& claims = default_claims(),
                     Clock clock = steady_nanoseconds);
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

  /// Waits for this process's turn; returns early, without the cores, when the context asks to stop. One turn at a
  /// time: the last must have ended. Once its turns have been waited for `kSilence` in all, the context is told so, and
  /// by how many others, once.
  [[nodiscard]] Turn take(const Context& context);

  /// `$XDG_RUNTIME_DIR/directclr-cores`, or `directclr-cores-UID` in the folder for temporary files.
  static std::filesystem::path default_claims();

 private:
  struct Shared;  // what stands in the file
  struct Seat;    // what a process tells the others there

  bool open(const std::filesystem::path& claims);
  bool sit_down();
  bool taken(int64_t seat) const;
  bool at_work(int64_t seat) const;
  int64_t least_runtime() const;
  int64_t cores_wanted_before_mine() const;
  int64_t cores_to_be_had() const;
  bool goes_next() const;
  void say_waiting(int64_t waited, const Context& context);
  int64_t turns_seen() const;
  void tell_change();
  void wait_for_change(uint32_t seen) const;
  bool claim_cores();
  void unlock_cores();
  void release();

  Clock clock_;
  int file_ = -1;
  Shared* shared_ = nullptr;
  int64_t seat_ = -1;           // this process's
  int64_t wanted_ = 0;          // cores
  std::vector<int64_t> cores_;  // those that this process may run on
  std::vector<int64_t> held_;
  int64_t began_ = 0;   // the turn
  int64_t waited_ = 0;  // for all turns; nanoseconds
  bool said_ = false;   // that it waits
};

}  // namespace directclr
