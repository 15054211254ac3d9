#pragma once

#include <chrono>
#include <string>

#include "directclr/core/progress.h"

namespace directclr::cli {

enum ExitStatus { kDone = 0, kFailed = 1, kBadInput = 2, kInterrupted = 3, kNumerical = 4, kGateFailed = 5 };

/// What the statuses mean, for --help; docs/architecture.md, "Exit status", says the same.
inline constexpr const char* kExitStatusHelp =
    "Exit status:\n"
    "  0  done\n"
    "  1  anything not named below; a statement of `theory check` that does not hold\n"
    "  2  wrong usage or bad input\n"
    "  3  stopped by a signal, after saving\n"
    "  4  numbers that are not finite: the loss, or rows\n"
    "  5  a gate was not passed (spectrum --fail-under, --fail-over, --fail-on; train --stop-under, --stop-over, "
    "--stop-on)";

/// The program's voice: progress bar and notices on standard error, results on standard output.
class Console {
 public:
  /// From now on SIGINT and SIGTERM ask for a stop, whatever they did before (a shell ignores SIGINT in what it starts
  /// in the background), and so does SIGHUP, of a terminal that is gone, unless it was ignored (nohup). Who reads what
  /// is printed may go: that ends nothing. To be called first: one that comes earlier ends the program, or is lost
  /// where it was ignored.
  static void catch_signals();

  /// Where standard input, output or error were closed, files that are opened later must not get their numbers: what is
  /// printed would go into them. To be called before any is opened.
  static void hold_standard_files();

  /// What is called, in a signal handler, before a second signal ends the program at once; null: nothing.
  static void before_forced_end(void (*restore)());

  explicit Console(bool json);

  /// Sinks and stop flag for the library; valid while this console lives.
  const Context& context() const { return context_; }
  bool json() const { return json_; }

  /// From now on this is the console of one of several processes: only rank 0 shows progress, notices and results; the
  /// others' errors carry their rank.
  void speak_as(int64_t rank, int64_t size);
  bool one_of_several() const { return size_ > 1; }
  bool speaks_for_all() const { return rank_ == 0; }

  /// Prints a finished result: `object` when --json was given, else `text`. Ends the progress bar first. Throws
  /// InputError when standard output takes it not.
  void result(const std::string& text, const std::string& object);
  /// One line on standard error.
  void notice(const std::string& line);
  /// The same for an error: shown whatever the rank.
  void error(const std::string& line);

  /// Ends the program at once. What is left of a broken connection waits for processes that are gone: it is not taken
  /// apart.
  [[noreturn]] static void leave(int status);

 private:
  // A note's pieces, two blanks apart, are in order of weight: a narrow terminal leaves the last ones out.
  void draw(const Progress& progress);
  void clear_bar();

  bool json_;
  bool terminal_;
  int64_t rank_ = 0;
  int64_t size_ = 1;
  bool bar_shown_ = false;
  std::string task_;
  std::chrono::steady_clock::time_point task_start_;
  std::chrono::steady_clock::time_point last_draw_;
  Context context_;
};

}  // namespace directclr::cli
