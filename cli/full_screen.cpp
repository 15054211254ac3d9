#include "cli/full_screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "cli/console.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::cli {
namespace {

constexpr std::string_view kEnter = "\033[?1049h\033[?25l\033[?7l";  // another screen, no cursor, long lines are cut
constexpr std::string_view kLeave = "\033[0m\033[?7h\033[?25h\033[?1049l";
constexpr char kCtrlC = 3, kCtrlZ = 26;

termios g_before{};           // how standard input was
volatile sig_atomic_t g_raw;  // whether it is changed

bool write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

// Calls nothing that a signal handler may not.
void restore_terminal() {
  write_all(kLeave);
  if (g_raw) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &g_before);
  g_raw = 0;
}

std::string_view start_of(report::ScreenLine::Style style) {
  switch (style) {
    case report::ScreenLine::Style::kHead: return "\033[1m";
    case report::ScreenLine::Style::kQuiet: return "\033[2m";
    case report::ScreenLine::Style::kWarning: return "\033[1;31m";
    case report::ScreenLine::Style::kPlain: break;
  }
  return "";
}

}  // namespace

bool shows_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {  // the first that is set decides
    const char* const value = std::getenv(name);
    if (!value || !*value) continue;
    const std::string text = lower(value);
    return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
  }
  return false;
}

FullScreen::FullScreen(const std::string& option) {
  const char* const kind = std::getenv("TERM");
  if (::isatty(STDOUT_FILENO) != 1) {
    throw InputError(option, "standard output is no terminal", "with --once one look is printed anywhere");
  }
  if (!kind || !*kind || std::string_view(kind) == "dumb") {
    throw InputError(option, "this terminal cannot move its cursor, as TERM says", "with --once one look is printed");
  }
  enter();
}

FullScreen::~FullScreen() { leave(); }

void FullScreen::enter() {
  Console::before_forced_end(restore_terminal);
  keys_ = ::tcgetattr(STDIN_FILENO, &g_before) == 0;
  if (keys_) {
    termios raw = g_before;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    g_raw = 1;
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  }
  write_all(kEnter);
  shown_.clear();
}

void FullScreen::leave() {
  restore_terminal();
  Console::before_forced_end(nullptr);
}

report::Screen FullScreen::screen() const {
  report::Screen screen;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    screen.columns = size.ws_col;
    screen.rows = size.ws_row;
  }
  screen.utf8 = shows_utf8();
  return screen;
}

void FullScreen::show(const std::vector<report::ScreenLine>& lines) {
  std::string text = "\033[H";
  for (size_t i = 0; i < lines.size(); ++i) {
    text += i > 0 ? "\r\n" : "";
    text += start_of(lines[i].style);
    text += lines[i].text + "\033[0m\033[K";
  }
  const report::Screen now = screen();
  const std::string shown = std::to_string(now.columns) + "x" + std::to_string(now.rows) + text;
  if (shown == shown_) return;
  shown_ = shown;
  if (!write_all(text + "\033[J")) {
    throw InputError("standard output", std::string("cannot be written: ") + std::strerror(errno));
  }
}

bool FullScreen::wait_for_end(int milliseconds) {
  pollfd input{keys_ ? STDIN_FILENO : -1, POLLIN, 0};
  if (::poll(&input, 1, milliseconds) <= 0) return false;
  char key = 0;
  if (::read(STDIN_FILENO, &key, 1) != 1) return true;  // the terminal is gone
  if (key == kCtrlZ) {
    leave();
    ::raise(SIGTSTP);
    enter();
  }
  return key == 'q' || key == 'Q' || key == kCtrlC;
}

}  // namespace directclr::cli
