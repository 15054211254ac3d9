#include "directclr/core/core_turns.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string>
#include <utility>

#include "directclr/core/text.h"

namespace directclr {
namespace {

constexpr int64_t kSeats = 256;
// Bytes that are locked: one a core, then one a seat, with room between for a byte that earlier versions lock. What
// stands at a byte has nothing to do with its lock.
constexpr int64_t kFirstSeatLock = 2 * CPU_SETSIZE;

enum State : int64_t { kAway, kWaiting, kComputing };

struct flock lock_of(short type, int64_t byte) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = 1;
  return lock;
}

bool set_lock(int file, short type, int64_t byte) {
  struct flock lock = lock_of(type, byte);
  return ::fcntl(file, F_OFD_SETLK, &lock) == 0;
}

// Whether anybody else holds it.
bool is_locked(int file, int64_t byte) {
  struct flock lock = lock_of(F_WRLCK, byte);
  return ::fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool is_suspended(int64_t process) {
  // "PID (NAME) STATE ...": NAME may hold anything, so the state stands behind the last parenthesis.
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string text;
  std::getline(stat, text);
  const size_t close = text.rfind(')');
  return close != std::string::npos && close + 2 < text.size() && (text[close + 2] == 'T' || text[close + 2] == 't');
}

// What a nanosecond counts for in virtual runtime. Nice is read every time: it may change.
double time_factor() { return std::pow(1.25, ::getpriority(PRIO_PROCESS, 0)); }

}  // namespace

// Written by its owner alone, who holds the lock of its byte; read by all.
struct alignas(64) CoreTurns::Seat {
  std::atomic<int64_t> process, state, wanted;
  std::atomic<int64_t> runtime;  // virtual, nanoseconds
  std::atomic<int64_t> left;     // when its last turn ended, or it sat down
};

struct CoreTurns::Shared {
  std::atomic<int32_t> holder[2 * CPU_SETSIZE];  // of each core: the process that claimed it last
  Seat seats[kSeats];
  std::atomic<uint32_t> changes;  // counts what may end another's waiting; a futex
};
static_assert(std::atomic<uint32_t>::is_always_lock_free);

int64_t CoreTurns::steady_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::filesystem::path CoreTurns::default_claims() {
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime && *runtime) {
    return std::filesystem::path(runtime) / "directclr-cores";
  }
  std::error_code none;
  const auto folder = std::filesystem::temp_directory_path(none);
  return (none ? std::filesystem::path("/tmp") : folder) / ("directclr-cores-" + std::to_string(::getuid()));
}

CoreTurns::CoreTurns(int64_t threads, const std::filesystem::path& claims, Clock clock) : clock_(std::move(clock)) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &allowed)) cores_.push_back(core);
  }
  wanted_ = std::clamp<int64_t>(threads, 0, static_cast<int64_t>(cores_.size()));
  if (wanted_ > 0 && open(claims) && !sit_down()) seat_ = -1;
}

CoreTurns::~CoreTurns() {
  if (seat_ >= 0) {
    shared_->seats[seat_].process = 0;
    tell_change();
  }
  if (shared_) ::munmap(shared_, sizeof(Shared));
  if (file_ >= 0) ::close(file_);
}

bool CoreTurns::open(const std::filesystem::path& claims) {
  file_ = ::open(claims.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  // Without room behind it, a write to mapped memory would end the program.
  if (file_ < 0 || ::posix_fallocate(file_, 0, sizeof(Shared)) != 0) return false;
  void* const mapped = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
  if (mapped == MAP_FAILED) return false;
  shared_ = static_cast<Shared*>(mapped);
  return true;
}

bool CoreTurns::sit_down() {
  for (seat_ = 0; seat_ < kSeats; ++seat_) {
    if (!set_lock(file_, F_WRLCK, kFirstSeatLock + seat_)) continue;
    Seat& mine = shared_->seats[seat_];
    mine.state = kAway;
    mine.wanted = wanted_;
    mine.runtime = least_runtime();
    mine.left = clock_();
    mine.process = ::getpid();
    return true;
  }
  return false;
}

// Whether another living process sits there.
bool CoreTurns::taken(int64_t seat) const {
  return seat != seat_ && shared_->seats[seat].process != 0 && is_locked(file_, kFirstSeatLock + seat);
}

// Whether it computes, waits, or is expected back any moment.
bool CoreTurns::at_work(int64_t seat) const {
  const Seat& theirs = shared_->seats[seat];
  return theirs.state != kAway || clock_() - theirs.left < kGrace;
}

// Of the other processes at work; 0 without any.
int64_t CoreTurns::least_runtime() const {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (int64_t seat = 0; seat < kSeats; ++seat) {
    if (taken(seat) && at_work(seat)) least = std::min(least, shared_->seats[seat].runtime.load());
  }
  return least == std::numeric_limits<int64_t>::max() ? 0 : least;
}

int64_t CoreTurns::cores_wanted_before_mine() const {
  const std::pair<int64_t, int64_t> mine = {shared_->seats[seat_].runtime, seat_};
  int64_t cores = 0;
  for (int64_t seat = 0; seat < kSeats; ++seat) {
    const Seat& theirs = shared_->seats[seat];
    if (!taken(seat) || theirs.state == kComputing || !at_work(seat)) continue;
    if (std::pair(theirs.runtime.load(), seat) < mine && !is_suspended(theirs.process)) cores += theirs.wanted;
  }
  return cores;
}

// Those that this process holds already, those that are free, and those of suspended processes.
int64_t CoreTurns::cores_to_be_had() const {
  return std::count_if(cores_.begin(), cores_.end(),
                       [&](int64_t core) { return !is_locked(file_, core) || is_suspended(shared_->holder[core]); });
}

bool CoreTurns::goes_next() const {
  const int64_t before = cores_wanted_before_mine();
  return before == 0 || cores_to_be_had() >= before + wanted_;
}

// Changes whenever another process ends a turn.
int64_t CoreTurns::turns_seen() const {
  int64_t sum = 0;
  for (int64_t seat = 0; seat < kSeats; ++seat) {
    if (taken(seat)) sum += shared_->seats[seat].runtime;
  }
  return sum;
}

// True once this process holds as many as it wants, suspended processes' left out. Keeps what it gets.
bool CoreTurns::claim_cores() {
  int64_t suspended = 0;
  for (const int64_t core : cores_) {
    const auto held = static_cast<int64_t>(held_.size());
    if (held == wanted_) break;
    if (std::find(held_.begin(), held_.end(), core) != held_.end()) continue;
    if (set_lock(file_, F_WRLCK, core)) {
      held_.push_back(core);
      shared_->holder[core] = ::getpid();
    } else if (is_suspended(shared_->holder[core])) {
      ++suspended;
    }
  }
  return static_cast<int64_t>(held_.size()) + suspended >= wanted_;
}

void CoreTurns::tell_change() {
  ++shared_->changes;
  ::syscall(SYS_futex, &shared_->changes, FUTEX_WAKE, std::numeric_limits<int>::max(), nullptr, nullptr, 0);
}

// Until something has changed since `seen`. Nobody tells of a process that is away for longer than the grace, of its
// death or suspension, or of a signal to this one: they are looked for now and then.
void CoreTurns::wait_for_change(uint32_t seen) const {
  const timespec longest{0, kBetweenLooks};
  ::syscall(SYS_futex, &shared_->changes, FUTEX_WAIT, seen, &longest, nullptr, 0);
}

CoreTurns::Turn CoreTurns::take(const Context& context) {
  if (seat_ < 0) return Turn(nullptr);
  Seat& mine = shared_->seats[seat_];
  if (clock_() - mine.left >= kGrace) mine.runtime = std::max(mine.runtime.load(), least_runtime());
  mine.state = kWaiting;
  const int64_t asked = clock_();
  int64_t seen = turns_seen(), give_up = asked + kPatience;
  while (true) {
    const uint32_t changes = shared_->changes;
    say_waiting(clock_() - asked, context);
    if (context.stop_requested()) {
      mine.state = kAway;
      unlock_cores();
      return Turn(nullptr);
    }
    const bool claimed = goes_next() && claim_cores();
    // Between the look and the claim a turn may have ended, of a process that goes first again.
    if (!goes_next()) {
      unlock_cores();
    } else if (claimed) {
      break;
    }
    // A process that hangs must not hold up others; one that waits long while others take turns is only patient.
    if (const int64_t now = turns_seen(); now != seen) {
      seen = now;
      give_up = clock_() + kPatience;
    }
    if (clock_() > give_up) break;
    wait_for_change(changes);
  }
  began_ = clock_();
  waited_ += began_ - asked;
  mine.state = kComputing;
  tell_change();  // whoever comes next may fit beside it
  return Turn(this);
}

void CoreTurns::say_waiting(int64_t waited, const Context& context) {
  if (said_ || waited_ + waited < kSilence) return;
  said_ = true;
  int64_t others = 0;
  for (int64_t seat = 0; seat < kSeats; ++seat) others += taken(seat) && at_work(seat) ? 1 : 0;
  context.notice(
      format("notice: this run waits for its turn on the cores, which %lld other %s: separate runs share their "
             "time, a step at a time, unless their --threads fit side by side",
             static_cast<long long>(others), others == 1 ? "run uses" : "runs use"));
}

void CoreTurns::unlock_cores() {
  if (held_.empty()) return;
  for (const int64_t core : held_) set_lock(file_, F_UNLCK, core);
  held_.clear();
  tell_change();
}

void CoreTurns::release() {
  Seat& mine = shared_->seats[seat_];
  const int64_t now = clock_();
  // Of a longer turn, that of a process which was suspended, others did not wait for the rest.
  const auto time = static_cast<double>(std::min(now - began_, kPatience) * wanted_);
  mine.runtime += std::llround(time * time_factor());
  mine.left = now;
  mine.state = kAway;  // before the cores are free: who sees them free must see that this process is about to return
  unlock_cores();
}

}  // namespace directclr
