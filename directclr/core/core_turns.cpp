#include "directclr/core/core_turns.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

namespace directclr {
namespace {

constexpr auto kBetweenTries = std::chrono::microseconds(500);
// Whoever computes longer than this without a pause is computed beside: a process that hangs must not hold up others.
constexpr auto kPatience = std::chrono::seconds(60);
// Behind the bytes of all cores: who is next. The process that holds each byte's lock stands in the file itself.
constexpr int64_t kQueue = CPU_SETSIZE;

off_t place_of_holder(int64_t core) { return static_cast<off_t>(core * static_cast<int64_t>(sizeof(pid_t))); }

bool set_lock(int file, short type, int64_t byte) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = static_cast<off_t>(byte);
  lock.l_len = 1;
  return ::fcntl(file, F_OFD_SETLK, &lock) == 0;
}

}  // namespace

std::filesystem::path CoreTurns::default_claims() {
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime && *runtime) {
    return std::filesystem::path(runtime) / "directclr-cores";
  }
  std::error_code none;
  const auto folder = std::filesystem::temp_directory_path(none);
  return (none ? std::filesystem::path("/tmp") : folder) / ("directclr-cores-" + std::to_string(::getuid()));
}

CoreTurns::CoreTurns(int64_t threads, const std::filesystem::path& claims) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &allowed)) cores_.push_back(core);
  }
  wanted_ = std::min(static_cast<size_t>(std::max<int64_t>(threads, 0)), cores_.size());
  if (wanted_ > 0) file_ = ::open(claims.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

CoreTurns::~CoreTurns() {
  if (file_ >= 0) ::close(file_);
}

bool CoreTurns::claim(int64_t byte) {
  if (!set_lock(file_, F_WRLCK, byte)) return false;
  // What cannot be written down is held all the same; it is only never passed over.
  const pid_t self = ::getpid();
  [[maybe_unused]] const ssize_t written = ::pwrite(file_, &self, sizeof(self), place_of_holder(byte));
  return true;
}
void CoreTurns::unlock(int64_t byte) { set_lock(file_, F_UNLCK, byte); }

bool CoreTurns::holder_is_suspended(int64_t byte) const {
  pid_t holder = 0;
  if (::pread(file_, &holder, sizeof(holder), place_of_holder(byte)) != static_cast<ssize_t>(sizeof(holder))) {
    return false;
  }
  // "PID (NAME) STATE ...": NAME may hold anything, so the state stands behind the last parenthesis.
  std::ifstream stat("/proc/" + std::to_string(holder) + "/stat");
  std::string text;
  std::getline(stat, text);
  const size_t close = text.rfind(')');
  return close != std::string::npos && close + 2 < text.size() && (text[close + 2] == 'T' || text[close + 2] == 't');
}

CoreTurns::Turn CoreTurns::take(const Context& context) {
  if (file_ < 0) return Turn(nullptr);
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  const auto enough = [&] { return context.stop_requested() || std::chrono::steady_clock::now() > give_up; };
  while (!claim(kQueue) && !holder_is_suspended(kQueue)) {
    if (enough()) return Turn(nullptr);
    std::this_thread::sleep_for(kBetweenTries);
  }
  while (true) {
    size_t suspended = 0;
    for (const int64_t core : cores_) {
      if (held_.size() == wanted_) break;
      if (std::find(held_.begin(), held_.end(), core) != held_.end()) continue;
      if (claim(core)) {
        held_.push_back(core);
      } else if (holder_is_suspended(core)) {
        ++suspended;
      }
    }
    if (held_.size() + suspended >= wanted_ || enough()) break;
    std::this_thread::sleep_for(kBetweenTries);
  }
  unlock(kQueue);
  return Turn(this);
}

void CoreTurns::release() {
  for (const int64_t core : held_) unlock(core);
  held_.clear();
}

}  // namespace directclr
