#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "cli/program.h"
#include "directclr/core/files.h"
#include "directclr/core/json.h"
#include "directclr/report/watch_page.h"

namespace directclr::cli {
namespace {

std::vector<report::RunResults> read_runs(const std::vector<std::string>& paths) {
  std::vector<report::RunResults> runs;
  for (const auto& path : paths) runs.push_back(report::read_results(path));
  report::tell_apart(runs);
  return runs;
}

// Waits, and looks every so often whether it is to stop.
void wait_for(int64_t seconds, const Context& context) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (!context.stop_requested() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

void add_watch(CLI::App& app, Program& program) {
  struct State {
    std::vector<std::string> runs;
    std::string out;
    int64_t every = 5;
    bool once = false;
  };
  auto state = std::make_shared<State>();
  auto* command = app.add_subcommand(
      "watch", "a page that shows runs while they are trained: written anew every few seconds, until all have ended");
  command->add_option("runs", state->runs, "run directories, in the order to show them")->required();
  command->add_option("--out", state->out, "HTML file to write, to be opened in a browser [first run/watch.html]");
  command->add_option("--every", state->every, "seconds between two looks")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  command->add_flag("--once", state->once, "look once and end");
  add_example(*command, "directclr watch runs/none runs/direct --out watch.html");
  command->callback([&program, state] {
    program.action = [state](Console& console) {
      const std::filesystem::path out =
          state->out.empty() ? std::filesystem::path(state->runs[0]) / "watch.html" : std::filesystem::path(state->out);
      read_runs(state->runs);  // what is no run is refused before anything is made
      if (out.has_parent_path()) make_directories(out.parent_path());
      bool ended = false;
      for (bool first = true;; first = false) {
        const auto runs = read_runs(state->runs);
        write_file(out, report::watch_page(runs, state->every));
        ended = report::all_finished(runs);
        if (first && !ended && !state->once) console.notice("open " + out.string() + "; Ctrl-C ends");
        if (ended || state->once) break;
        wait_for(state->every, console.context());
        if (console.context().stop_requested()) break;
      }
      const Json object = {{"file", out.string()}, {"runs", state->runs.size()}, {"ended", ended}};
      console.result("wrote " + out.string() + (ended ? ": all runs have ended" : ""), object.dump());
    };
  });
}

}  // namespace directclr::cli
