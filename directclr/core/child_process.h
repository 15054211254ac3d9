#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace directclr {

/// Another program, running beside this one. Signals of the terminal (Ctrl-C) do not reach it: whoever started it
/// passes them on. It is asked to stop (SIGTERM) when this process dies, and when this object does while it still runs.
class ChildProcess {
 public:
  struct Options {
    std::string name = {};  ///< what it is called in lists of processes; empty: as its file
    std::vector<std::pair<std::string, std::string>> environment = {};  ///< set on top of this process's own
    std::filesystem::path output = {};  ///< file that its output and errors are appended to; empty: this process's own
    /// SIGINT, SIGTERM and SIGHUP wait until the program asks for them, as ours does once it can act on them: none is
    /// lost, and none kills it, in its first moments.
    bool hold_signals = false;
  };

  /// Starts `program` with the arguments (its name is put before them). Throws Error when that is not possible. A
  /// program that cannot be executed ends with status 127.
  ChildProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments, const Options& options);
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  ChildProcess& operator=(ChildProcess&&) = delete;

  /// How it ended: by itself with a status, or by a signal (then the status is 128 + signal).
  struct Ending {
    int status = 0;
    int signal = 0;
  };
  /// Nothing while it runs; its ending, once.
  std::optional<Ending> poll();
  /// Sends a signal, if it still runs.
  void signal(int number) const;
  bool running() const { return pid_ > 0; }

 private:
  pid_t pid_ = 0;
};

/// "was killed by signal 9 (Killed): ..." for an ending by a signal, else "".
std::string killed_by(const ChildProcess::Ending& ending);

}  // namespace directclr
