#include "cli/console.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::cli {
namespace {

std::atomic<int> g_signal{0};

std::atomic<int64_t> g_first_signal{0};  // when it came, milliseconds

std::atomic<void (*)()> g_restore{nullptr};  // before the end at once

// How long after the first signal another one is taken for the same: timeout, a terminal with a launcher in between and
// others send theirs twice, to the process and to its group.
constexpr int64_t kSameSignal = 1000;
constexpr char kEndedAtOnce[] = "directclr: ended at once by a second signal, without saving\n";

// The first signal asks the work to stop at a safe point; a second one, by somebody who does not want to wait, ends the
// program at once.
extern "C" void on_signal(int number) {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  const int64_t now = 1 + int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
  int64_t first = 0;
  if (g_first_signal.compare_exchange_strong(first, now)) {
    g_signal = number;
    return;
  }
  if (number == SIGHUP || now - first < kSameSignal) return;
  if (auto* const restore = g_restore.load()) restore();
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kEndedAtOnce, sizeof(kEndedAtOnce) - 1);
  ::_exit(128 + number);
}

std::string thousands(uint64_t value) {
  const std::string digits = std::to_string(value);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

// Pieces two blanks apart.
std::vector<std::string> pieces_of(const std::string& note) {
  std::vector<std::string> pieces;
  for (size_t at = 0; at < note.size();) {
    const size_t end = std::min(note.find("  ", at), note.size());
    if (end > at) pieces.push_back(note.substr(at, end - at));
    at = end + 2;
  }
  return pieces;
}

std::string bar_of(double share, int cells) {
  std::string bar = cells > 0 ? " [" : "";
  for (int cell = 0; cell < cells; ++cell) bar += cell < share * cells ? "#" : ".";
  return bar + (cells > 0 ? "]" : "");
}

// The line in `width` letters: as it gets longer than that it does without the bar, then the note's last pieces, then
// the rate and the counts.
std::string progress_line(const Progress& p, double share, double rate, double left, size_t width) {
  int cells = 20;
  std::vector<std::string> note = pieces_of(p.note);
  bool with_rate = true, with_counts = true;
  while (true) {
    std::string line = format("%s %3.0f%%", p.task.c_str(), 100 * share) + bar_of(share, cells);
    if (with_counts) line += " " + thousands(p.done) + "/" + thousands(p.total) + " " + p.unit;
    if (with_rate) {
      line += "  " + (rate < 10 ? format("%.2g", rate) : thousands(static_cast<uint64_t>(rate))) + "/s";
    }
    line += "  " + format_duration(left) + " left";
    for (const auto& piece : note) line += "  " + piece;
    if (line.size() <= width) return line;
    if (cells > 0) {
      cells -= 10;
    } else if (note.size() > 1) {
      note.pop_back();
    } else if (with_rate || with_counts) {
      (with_rate ? with_rate : with_counts) = false;
    } else {
      return line.substr(0, width);
    }
  }
}

size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

}  // namespace

void Console::catch_signals() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  // nohup has it ignored.
  struct sigaction hang_up {};
  if (::sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) std::signal(SIGHUP, on_signal);
  // A handler, and not SIG_IGN, which programs that this one starts would inherit.
  std::signal(SIGPIPE, [](int) {});
  // Who started this program may have held them back until now (ChildProcess).
  sigset_t ours;
  ::sigemptyset(&ours);
  ::sigaddset(&ours, SIGINT);
  ::sigaddset(&ours, SIGTERM);
  ::sigaddset(&ours, SIGHUP);
  ::pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
}

void Console::hold_standard_files() {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // For the wrong direction, so that using it fails as on one that is closed.
    if (::fcntl(file, F_GETFD) < 0) ::open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

void Console::before_forced_end(void (*restore)()) { g_restore = restore; }

Console::Console(bool json) : json_(json), terminal_(::isatty(STDERR_FILENO) == 1) {
  context_.stop = &g_signal;
  context_.notice = [this](const std::string& line) { notice(line); };
  if (terminal_) context_.progress = [this](const Progress& progress) { draw(progress); };
}

void Console::speak_as(int64_t rank, int64_t size) {
  rank_ = rank;
  size_ = size;
  if (rank_ > 0) context_.progress = [](const Progress&) {};
}

void Console::result(const std::string& text, const std::string& object) {
  if (rank_ > 0) return;
  clear_bar();
  const std::string& out = json_ ? object : text;
  std::fwrite(out.data(), 1, out.size(), stdout);
  if (!out.empty() && out.back() != '\n') std::fputc('\n', stdout);
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
    throw InputError("standard output", std::string("cannot be written: ") + std::strerror(errno));
  }
}

void Console::notice(const std::string& line) {
  if (rank_ == 0) error(line);
}

void Console::leave(int status) {
  std::fflush(nullptr);
  std::_Exit(status);
}

void Console::error(const std::string& line) {
  clear_bar();
  const std::string who =
      size_ > 1 && rank_ > 0 ? format("directclr [rank %lld]", static_cast<long long>(rank_)) : "directclr";
  std::fprintf(stderr, "%s: %s\n", who.c_str(), line.c_str());
}

void Console::draw(const Progress& p) {
  const auto now = std::chrono::steady_clock::now();
  if (p.task != task_) {
    task_ = p.task;
    task_start_ = now;
  } else if (p.done < p.total && now - last_draw_ < std::chrono::milliseconds(100)) {
    return;
  }
  last_draw_ = now;
  const double elapsed = std::chrono::duration<double>(now - task_start_).count();
  const double rate = elapsed > 0 ? static_cast<double>(p.units_now) / elapsed : 0;
  const double left = rate > 0 ? static_cast<double>(p.total - p.done) / rate : INFINITY;
  const double share = p.total > 0 ? static_cast<double>(p.done) / static_cast<double>(p.total) : 0;
  const std::string line = progress_line(p, share, rate, left, terminal_width() - 1);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  bar_shown_ = true;
  if (p.done >= p.total) {
    std::fputc('\n', stderr);
    bar_shown_ = false;
    task_.clear();
  }
}

void Console::clear_bar() {
  if (!bar_shown_) return;
  std::fputs("\r\033[K", stderr);
  bar_shown_ = false;
}

}  // namespace directclr::cli
