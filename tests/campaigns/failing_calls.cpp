// Preloaded into a program (LD_PRELOAD), makes one of its calls that change files fail, as a full or broken disk does.
//
//   FAULT_UNDER  the folder whose files count
//   FAULT_CALL   write, fsync, rename or lock
//   FAULT_AT     the number of the call, from 1; 0: none fails, all are counted
//   FAULT_LOG    a file that gets a line of 512 bytes a call: "ok PATH" or "failed PATH"; it is what counts, over all
//                processes
//
// write: call FAULT_AT writes half, and from the next on there is no space left. fsync, rename: this one call fails.
// lock: the file system knows no locks.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

constexpr size_t kLine = 512;

template <class Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string path_of(int file) {
  char path[4096];
  const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), path, sizeof(path));
  return n > 0 ? std::string(path, static_cast<size_t>(n)) : "";
}

std::string absolute(const char* path) {
  if (path[0] == '/') return path;
  char folder[4096];
  return (::getcwd(folder, sizeof(folder)) ? std::string(folder) : "") + "/" + path;
}

enum class Fate { kAsEver, kHalf, kFail };

// Counts a call and says what becomes of it.
Fate fate(const char* call, const std::string& path) {
  const std::string under = setting("FAULT_UNDER");
  if (under.empty() || setting("FAULT_CALL") != call || !path.starts_with(under + "/")) return Fate::kAsEver;
  const long at = std::atol(setting("FAULT_AT").c_str());
  const int log = ::open(setting("FAULT_LOG").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  std::string line(kLine, ' ');
  line.back() = '\n';
  original<ssize_t(int, const void*, size_t)>("write")(log, line.data(), line.size());
  const off_t end = ::lseek(log, 0, SEEK_CUR);
  const long number = end / static_cast<off_t>(kLine);
  const bool writes = std::strcmp(call, "write") == 0;
  const Fate result = at == 0 || number < at ? Fate::kAsEver
                      : number == at         ? (writes ? Fate::kHalf : Fate::kFail)
                                             : (writes ? Fate::kFail : Fate::kAsEver);
  const std::string text = (result == Fate::kAsEver ? "ok " : "failed ") + path;
  // Appending files write to their end alone: the line is completed through another descriptor.
  const int again = ::open(setting("FAULT_LOG").c_str(), O_WRONLY | O_CLOEXEC);
  original<ssize_t(int, const void*, size_t, off_t)>("pwrite")(again, text.data(), std::min(text.size(), kLine - 1),
                                                               end - static_cast<off_t>(kLine));
  ::close(again);
  ::close(log);
  return result;
}

ssize_t no_space() {
  errno = ENOSPC;
  return -1;
}

}  // namespace

extern "C" ssize_t write(int file, const void* data, size_t bytes) {
  const auto real = original<ssize_t(int, const void*, size_t)>("write");
  const Fate what = fate("write", path_of(file));
  if (what == Fate::kFail || (what == Fate::kHalf && bytes < 2)) return no_space();
  return real(file, data, what == Fate::kHalf ? bytes / 2 : bytes);
}

extern "C" ssize_t pwrite(int file, const void* data, size_t bytes, off_t at) {
  const auto real = original<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  const Fate what = fate("write", path_of(file));
  if (what == Fate::kFail || (what == Fate::kHalf && bytes < 2)) return no_space();
  return real(file, data, what == Fate::kHalf ? bytes / 2 : bytes, at);
}

extern "C" int fsync(int file) {
  if (fate("fsync", path_of(file)) == Fate::kFail) {
    errno = EIO;
    return -1;
  }
  return original<int(int)>("fsync")(file);
}

extern "C" int rename(const char* from, const char* to) {
  if (fate("rename", absolute(to)) == Fate::kFail) {
    errno = EIO;
    return -1;
  }
  return original<int(const char*, const char*)>("rename")(from, to);
}

extern "C" int fcntl(int file, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  if ((command == F_OFD_SETLK || command == F_OFD_GETLK) && setting("FAULT_CALL") == "lock" &&
      path_of(file).starts_with(setting("FAULT_UNDER") + "/")) {
    errno = ENOLCK;
    return -1;
  }
  return original<int(int, int, void*)>("fcntl")(file, command, argument);
}

extern "C" int fcntl64(int file, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* const argument = va_arg(rest, void*);
  va_end(rest);
  return fcntl(file, command, argument);
}
