#include "directclr/core/folder_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "directclr/core/error.h"
#include "directclr/core/file_locks.h"
#include "directclr/core/here_and_now.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"

namespace directclr {
namespace {

namespace fs = std::filesystem;

enum class Held { kByUs, kByAnother, kUnknown };  // unknown: the file system has no locks

Held try_lock(int file) {
  struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(file, F_OFD_SETLK, &lock) == 0) return Held::kByUs;
  return errno == EAGAIN || errno == EACCES ? Held::kByAnother : Held::kUnknown;
}

// One line of a file of /proc, "" when there is none.
std::string line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// When the process was started, in ticks since the machine was; 0 when there is no such process.
int64_t start_of(int64_t process) {
  // "PID (NAME) STATE ...": NAME may hold anything. The 20th word behind it; a zombie has ended.
  const std::string text = line_of("/proc/" + std::to_string(process) + "/stat");
  const size_t close = text.rfind(')');
  if (close == std::string::npos) return 0;
  const auto words = split(text.substr(close + 1), ' ');
  int64_t start = 0;
  return words.size() > 20 && words[1] != "Z" && parse_int(words[20], start) ? start : 0;
}

// The space of process numbers that this process sees: containers of one machine have their own.
int64_t process_space() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? static_cast<int64_t>(status.st_ino) : 0;
}

struct Owner {
  std::string host, since;
  std::string boot;   // of the machine: another one with every start
  int64_t space = 0;  // of process numbers
  int64_t process = 0;
  int64_t start = 0;  // of the process

  static Owner myself() {
    return {host_name(),     utc_time(), line_of("/proc/sys/kernel/random/boot_id"),
            process_space(), ::getpid(), start_of(::getpid())};
  }
  bool operator==(const Owner&) const = default;

  std::string text() const {
    return Json({{"host", host},
                 {"process", process},
                 {"since", since},
                 {"boot", boot},
                 {"process_space", space},
                 {"process_start", start}})
               .dump() +
           "\n";
  }
  static std::optional<Owner> read(int file) {
    char bytes[4096];
    const ssize_t n = ::pread(file, bytes, sizeof(bytes), 0);
    const auto object = n > 0 ? Json::try_parse({bytes, static_cast<size_t>(n)}) : std::nullopt;
    if (!object || !object->is_object()) return std::nullopt;
    try {
      return Owner{object->value("host", "?"),
                   object->value("since", "?"),
                   object->value("boot", ""),
                   object->value("process_space", int64_t{0}),
                   object->value("process", int64_t{0}),
                   object->value("process_start", int64_t{0})};
    } catch (const JsonError&) {
      return std::nullopt;
    }
  }
  std::string named() const {
    return format("process %lld on %s is at work here since %s", static_cast<long long>(process), host.c_str(),
                  since.c_str());
  }
};

// Seconds since the file was touched, by the clock of the disk that it is on.
double seconds_untouched(const fs::path& path) {
  std::string name = path.string() + "-XXXXXX";
  struct stat then {
  }, now{};
  const int probe = ::mkostemp(name.data(), O_CLOEXEC);
  if (probe < 0) return 0;
  const bool known = ::fstat(probe, &now) == 0 && ::stat(path.c_str(), &then) == 0;
  ::close(probe);
  ::unlink(name.c_str());
  return known ? std::difftime(now.st_mtim.tv_sec, then.st_mtim.tv_sec) : 0;
}

// Who owns the folder, in words, as this open file tells.
std::optional<std::string> other_owner(int file, const fs::path& path, Held held) {
  auto owner = Owner::read(file);
  // It says who it is right after it has the lock.
  constexpr int kTries = 100;
  for (int i = 0; held == Held::kByAnother && !owner && i < kTries; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    owner = Owner::read(file);
  }
  if (held == Held::kByAnother) return owner ? owner->named() : "another process is at work here";
  if (!owner) return std::nullopt;
  const Owner me = Owner::myself();
  if (owner->boot == me.boot) {
    if (held == Held::kByUs) return std::nullopt;  // this machine knows its locks: the owner is gone
    if (owner->space == me.space) {
      return start_of(owner->process) == owner->start ? std::optional(owner->named()) : std::nullopt;
    }
  }
  const double seconds = seconds_untouched(path);
  if (seconds > FolderLock::kGone) return std::nullopt;
  return owner->named() +
         format("; last sign of life %.0f s ago, after %d s without one it counts as gone", seconds, FolderLock::kGone);
}

void write_owner(int file, const fs::path& folder, const Owner& owner) {
  const std::string text = owner.text();
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw InputError(folder.string(), std::string("its file .lock cannot be written: ") + std::strerror(errno));
  }
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder) : path_(folder / ".lock") {
  const auto refuse = [&](const std::string& owner) {
    throw InputError(folder.string(), owner, "wait until it has ended, or stop it");
  };
  bool ours = false;
  try {
    while (true) {
      file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
      if (file_ < 0) {
        const int reason = errno;
        if (const auto owner = owner_of(folder)) refuse(*owner);  // another user's, which may be read
        const bool left = reason == EACCES && fs::is_regular_file(path_);
        throw InputError(
            folder.string(),
            std::string(left ? "its file .lock cannot be written: " : "cannot be written: ") + std::strerror(reason),
            left ? "a command of another user, which has ended, left it: remove it" : "");
      }
      const Held held = try_lock(file_);
      // Its owner may have removed it between the two.
      if (held == Held::kByUs && !is_same_file(file_, path_)) {
        ::close(file_);
        continue;
      }
      if (const auto owner = other_owner(file_, path_, held)) refuse(*owner);
      ours = held == Held::kByUs;
      const Owner me = Owner::myself();
      write_owner(file_, folder, me);
      if (held == Held::kUnknown) {  // of two that came at once the last stays
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        const auto owner = Owner::read(file_);
        if (owner && *owner != me) refuse(owner->named());
      }
      break;
    }
  } catch (...) {
    if (ours) ::unlink(path_.c_str());
    if (file_ >= 0) ::close(file_);
    throw;
  }
  beat_ = std::thread([this] { beat(); });
}

FolderLock::~FolderLock() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  beat_.join();
  if (is_same_file(file_, path_)) ::unlink(path_.c_str());
  ::close(file_);
}

std::optional<std::string> FolderLock::owner_of(const fs::path& folder) {
  const fs::path path = folder / ".lock";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);  // asking needs no right to write
  if (file < 0) return std::nullopt;
  struct flock lock = whole_file(F_WRLCK);
  const bool known = ::fcntl(file, F_OFD_GETLK, &lock) == 0;
  const auto owner = other_owner(file, path,
                                 !known                   ? Held::kUnknown
                                 : lock.l_type == F_UNLCK ? Held::kByUs
                                                          : Held::kByAnother);
  ::close(file);
  return owner;
}

void FolderLock::beat() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, std::chrono::seconds(kBeat), [this] { return ending_; })) ::futimens(file_, nullptr);
}

}  // namespace directclr
