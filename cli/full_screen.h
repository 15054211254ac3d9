#pragma once

#include <string>
#include <vector>

#include "directclr/report/watch_screen.h"

namespace directclr::cli {

/// Whether text may have letters beyond ASCII, as the locale of the environment says.
bool shows_utf8();

/// The whole terminal on standard output, as `less` has it: a screen of its own, which is gone in the end, when the
/// terminal is as it was before. Keys are read one by one where standard input is a terminal; they raise no signals
/// then. One at a time.
class FullScreen {
 public:
  /// Throws InputError, which names `option`, where standard output is no terminal, or one whose cursor cannot be
  /// moved.
  explicit FullScreen(const std::string& option);
  ~FullScreen();
  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

  /// Its size now.
  report::Screen screen() const;

  /// Shows these lines, from the top, and nothing else; nothing is sent where they stand there already. Throws
  /// InputError when the terminal takes them not.
  void show(const std::vector<report::ScreenLine>& lines);

  /// Whether there are keys to read.
  bool has_keys() const { return keys_; }
  /// Waits for a key, `milliseconds` at most. True: somebody wants to end it (q, Ctrl-C). Ctrl-Z stops the program and
  /// gives the terminal back meanwhile.
  bool wait_for_end(int milliseconds);

 private:
  void enter();
  void leave();

  bool keys_ = false;
  std::string shown_;  // what stands there, and in which size
};

}  // namespace directclr::cli
