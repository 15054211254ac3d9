#pragma once

#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace directclr::test {

/// A program on a pseudo terminal of its own.
class PseudoTerminal {
 public:
  explicit PseudoTerminal(std::vector<std::string> words, uint16_t columns = 80, uint16_t rows = 24) {
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    winsize size{rows, columns, 0, 0};
    program_ = ::forkpty(&terminal_, nullptr, nullptr, &size);
    if (program_ < 0) throw std::runtime_error("no pseudo terminal");
    if (program_ == 0) {
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
  }
  ~PseudoTerminal() {
    ::close(terminal_);
    if (program_ == 0) return;
    ::kill(program_, SIGKILL);
    ::waitpid(program_, nullptr, 0);
  }
  PseudoTerminal(const PseudoTerminal&) = delete;
  PseudoTerminal& operator=(const PseudoTerminal&) = delete;

  /// The program's process.
  pid_t program() const { return program_; }
  /// All that was read so far.
  const std::string& seen() const { return seen_; }
  /// Reads until the text is seen behind `from`; false where it never comes, when the program has ended.
  bool see(const std::string& text, size_t from = 0) {
    while (seen_.find(text, from) == std::string::npos) {
      if (!read_more()) return false;
    }
    return true;
  }
  /// Reads all that is left until the program ends by itself. As waitpid says it.
  int end() {
    while (read_more()) {
    }
    int status = 0;
    ::waitpid(std::exchange(program_, 0), &status, 0);
    return status;
  }
  void press(const std::string& keys) const {
    ASSERT_EQ(::write(terminal_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void resize(uint16_t columns, uint16_t rows) const {
    winsize size{rows, columns, 0, 0};
    ::ioctl(terminal_, TIOCSWINSZ, &size);
  }
  /// Whether keys are shown, lines are read and some keys are signals, as on a terminal that nobody has changed.
  bool echoes() const {
    termios now{};
    ::tcgetattr(terminal_, &now);
    constexpr tcflag_t kAsNew = ECHO | ICANON | ISIG;
    return (now.c_lflag & kAsNew) == kAsNew;
  }

 private:
  bool read_more() {
    char buffer[4096];
    const ssize_t count = ::read(terminal_, buffer, sizeof buffer);
    if (count > 0) seen_.append(buffer, static_cast<size_t>(count));
    return count > 0;
  }

  pid_t program_ = 0;  // 0: it has ended
  int terminal_ = -1;
  std::string seen_;
};

}  // namespace directclr::test
