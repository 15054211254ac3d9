#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <thread>

#include "cli/full_screen.h"
#include "cli/program.h"
#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "directclr/report/live_run.h"
#include "directclr/report/watch_page.h"
#include "directclr/report/watch_screen.h"

namespace directclr::cli {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Runs = std::vector<report::RunResults>;

struct WatchOptions {
  std::vector<std::string> runs;
  std::string out;
  int64_t every = 5;
  bool once = false;
  bool terminal = false;
};

// Reads the runs' files again and again. While a run is begun anew its files are for a moment of two runs: that is
// overlooked, unless it lasts.
class Looks {
 public:
  explicit Looks(const WatchOptions& options) : options_(options) { look(); }

  const Runs& runs() const { return runs_; }

  void again() {
    try {
      look();
      failed_ = 0;
    } catch (const InputError&) {
      if (++failed_ == kMostFailures) throw;
    }
  }

  // Until the next. What takes long is done less often: at most a twentieth of the time goes into looking. One that
  // failed is soon repeated, whatever it takes: that is over in a moment, or lasts.
  int64_t seconds() const {
    return failed_ > 0 ? options_.every : std::max(options_.every, static_cast<int64_t>(std::ceil(20 * cost_)));
  }

 private:
  static constexpr int kMostFailures = 3;

  void look() {
    const auto begin = Clock::now();
    Runs runs;
    for (const auto& path : options_.runs) {
      runs.push_back(options_.once ? report::read_results(path) : report::read_results_or_wait(path));
    }
    report::tell_apart(runs);
    runs_ = std::move(runs);
    cost_ = std::chrono::duration<double>(Clock::now() - begin).count();
  }

  const WatchOptions& options_;
  Runs runs_;
  double cost_ = 0;  // seconds
  int failed_ = 0;
};

// The page, unless it lies in the directory of a run that has not begun: a training is to find that empty.
void write_page(const fs::path& page, const Runs& runs, const report::Look& look) {
  const fs::path folder = page.has_parent_path() ? page.parent_path() : fs::path(".");
  for (const auto& run : runs) {
    const bool here = (run.path / "").lexically_normal() == (folder / "").lexically_normal();
    if (here && run.state == report::RunState::kNotBegun) return;
  }
  make_directories(folder);
  write_file(page, report::watch_page(runs, look));
}

std::vector<report::ScreenLine> screen_lines(const Runs& runs, const FullScreen& screen, int64_t seconds) {
  return report::watch_screen(
      runs, screen.screen(),
      format("%s ends; looks every %lld s", screen.has_keys() ? "q" : "Ctrl-C", static_cast<long long>(seconds)));
}

// Until the time of the next look. False: the user wants to end it.
bool wait_for(int64_t seconds, const Context& context, FullScreen* screen, const Runs& runs) {
  constexpr int kMilliseconds = 100;
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  while (!context.stop_requested() && Clock::now() < end) {
    if (!screen) {
      std::this_thread::sleep_for(std::chrono::milliseconds(kMilliseconds));
      continue;
    }
    if (screen->wait_for_end(kMilliseconds)) return false;
    screen->show(screen_lines(runs, *screen, seconds));  // its size may be another now
  }
  return !context.stop_requested();
}

void say_what_is_awaited(const fs::path& page, const Runs& runs, Console& console) {
  for (const auto& run : runs) {
    if (run.state == report::RunState::kNotBegun) {
      console.notice("notice: " + run.path.string() + " is not there yet: waiting for it");
    }
  }
  console.notice("open " + page.string() + "; Ctrl-C ends");
}

// What is printed in the end.
std::string last_words(const fs::path& page, const Runs& runs) {
  std::vector<std::string> places;
  for (const auto& run : runs) {
    const report::LiveRun live = report::live_run(run);
    places.push_back(live.place + (live.resume.empty() ? "" : " (go on: " + live.resume + ")"));
  }
  return (page.empty() ? "" : "wrote " + page.string() + ": ") + join(places, "; ");
}

void watch(const WatchOptions& options, Console& console) {
  const fs::path page = !options.out.empty() ? fs::path(options.out)
                        : options.terminal   ? fs::path()
                                             : fs::path(options.runs[0]) / "watch.html";
  Looks looks(options);  // what is no run is refused before anything is made
  std::optional<FullScreen> screen;
  if (options.terminal && !options.once) screen.emplace("--terminal");
  bool wanted = true;
  for (report::Look look;; ++look.number) {
    const bool last = options.once || !wanted || report::all_over(looks.runs());
    look.seconds = last ? 0 : looks.seconds();
    if (!page.empty()) write_page(page, looks.runs(), look);
    if (last) break;
    if (screen) screen->show(screen_lines(looks.runs(), *screen, look.seconds));
    if (look.number == 1 && !screen) say_what_is_awaited(page, looks.runs(), console);
    wanted = wait_for(look.seconds, console.context(), screen ? &*screen : nullptr, looks.runs());
    if (wanted) looks.again();
  }
  // What was seen last stays, on the terminal as it was before.
  std::string text = last_words(page, looks.runs());
  if (options.terminal) {
    report::Screen size = screen ? screen->screen() : report::Screen{80, 24 * looks.runs().size(), shows_utf8()};
    screen.reset();
    std::string lines;
    for (const auto& line : report::watch_screen(looks.runs(), size, "")) lines += line.text + "\n";
    text = lines + text;
  }
  const Json object = {{"file", page.empty() ? Json() : Json(page.string())},
                       {"runs", looks.runs().size()},
                       {"ended", std::all_of(looks.runs().begin(), looks.runs().end(),
                                             [](const auto& run) { return run.state == report::RunState::kEnded; })}};
  console.result(text, object.dump());
}

}  // namespace

void add_watch(CLI::App& app, Program& program) {
  auto options = std::make_shared<WatchOptions>();
  auto* command = app.add_subcommand(
      "watch", "show runs while they are trained, in a page or on the terminal, until all have ended or stopped");
  command
      ->add_option("runs", options->runs,
                   "run directories, in the order to show them; those that are not there yet are waited for")
      ->required();
  command->add_option("--out", options->out, "HTML file to write, to be opened in a browser [first run/watch.html]");
  command->add_option("--every", options->every, "seconds between two looks")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->add_flag(
      "--terminal", options->terminal,
      "show them on the terminal, which is theirs until q or Ctrl-C; a page is written beside with --out");
  command->add_flag("--once", options->once, "look once and end");
  add_example(*command, "directclr watch runs/none runs/direct --out watch.html");
  command->callback(
      [&program, options] { program.action = [options](Console& console) { watch(*options, console); }; });
}

}  // namespace directclr::cli
