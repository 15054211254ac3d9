// Runs that are watched while they are trained: in a page, and on a pseudo terminal. The test is the training: it owns
// the runs' directories and writes their files.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>

#include "directclr/core/files.h"
#include "directclr/core/folder_lock.h"
#include "directclr/core/json.h"
#include "tests/cli/cli.h"
#include "tests/cli/pseudo_terminal.h"

namespace directclr {
namespace {

namespace fs = std::filesystem;
using test::Outcome;

class WatchCli : public test::Cli {
 protected:
  WatchCli() {
    ::setenv("TERM", "xterm", 1);
    ::setenv("LC_ALL", "C.UTF-8", 1);
  }
  void write_run(const std::string& name, double epoch = 2) const {
    make_directories(folder_ / name);
    write_file(folder_ / name / "config.toml", "[train]\nepochs = 4\nbatch_size = 8\n");
    std::string metrics;
    for (int line = 1; line <= static_cast<int>(epoch); ++line) {
      metrics += "{\"step\": " + std::to_string(10 * line) + ", \"epoch\": " + std::to_string(line) +
                 R"(, "loss": 2.5, "images_per_second": 20, "rank_r": 2.0, "dead_r": 1})" + "\n";
    }
    write_file(folder_ / name / "metrics.jsonl", metrics + "{\"step\": 30, \"epo");
    write_file(folder_ / name / "spectra.jsonl", R"({"version": 1, "r_dimensions": 4}
{"step": 10, "r": [0, -5, -5, -5]}
{"step": 20, "r": [0, -1, -2, -5]}
)");
  }
  void end_run(const std::string& name) const { write_file(folder_ / name / "DONE", R"({"steps": 20, "seconds": 3})"); }
  std::string page(const std::string& name) const {
    return fs::exists(folder_ / name) ? read_file(folder_ / name) : "";
  }
  // Waits until it holds, for as long as the child lives.
  static bool wait_until(pid_t child, const std::function<bool()>& holds) {
    while (!holds()) {
      siginfo_t info{};
      if (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0) {
        return holds();
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
  }
};

TEST_F(WatchCli, WritesThePageAnewUntilAllHaveEnded) {
  for (const char* name : {"a", "b"}) write_run(name);
  std::optional<FolderLock> a(folder_ / "a"), b(folder_ / "b");
  const pid_t child = start({"watch", path("a"), path("b"), "--every", "1", "--json"});
  EXPECT_TRUE(wait_until(child, [&] { return !page("a/watch.html").empty(); }));
  for (const char* part : {"run &quot;a&quot; is at epoch 2.0 of 4, step 20, 8.0 s left; run &quot;b&quot; is",
                           "2 of 2", "id=\"figure-loss\"", "id=\"figure-spectrum-2\"", "data-seconds=\""}) {
    EXPECT_NE(page("a/watch.html").find(part), std::string::npos) << part;
  }
  EXPECT_FALSE(fs::exists(folder_ / "a/loss.csv")) << "nothing but the page is written";
  write_run("a", 3);
  EXPECT_TRUE(wait_until(
      child, [&] { return page("a/watch.html").find("run &quot;a&quot; is at epoch 3.0 of 4") != std::string::npos; }));
  end_run("a");
  a.reset();
  EXPECT_TRUE(wait_until(child, [&] {
    return page("a/watch.html").find("run &quot;a&quot; has ended after 4 epochs") != std::string::npos;
  }));
  EXPECT_NE(page("a/watch.html").find("data-seconds"), std::string::npos) << "the other goes on";
  end_run("b");
  const Outcome outcome = finish(child);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out).at("ended"), true);
  EXPECT_EQ(page("a/watch.html").find("data-seconds"), std::string::npos) << "it is not loaded anew any more";
  EXPECT_NE(outcome.err.find("open " + path("a/watch.html") + "; Ctrl-C ends"), std::string::npos) << outcome.err;
}

TEST_F(WatchCli, EndsWhenNobodyIsAtWorkAnyMoreAndSaysHowToGoOn) {
  write_run("a");
  std::optional<FolderLock> owner(folder_ / "a");
  const pid_t child = start({"watch", path("a"), "--every", "1"});
  EXPECT_TRUE(wait_until(child, [&] { return !page("a/watch.html").empty(); }));
  owner.reset();  // killed, or stopped by a signal: DONE is not there
  const Outcome outcome = finish(child);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(
      outcome.out.find("a has stopped at epoch 2.0 of 4, step 20 (go on: directclr train --resume --out " + path("a")),
      std::string::npos)
      << outcome.out;
  EXPECT_NE(page("a/watch.html").find("run &quot;a&quot; has stopped at epoch 2.0"), std::string::npos);
}

TEST_F(WatchCli, WaitsForARunThatIsNotThereYet) {
  const pid_t child = start({"watch", path("a"), "--every", "1"});
  EXPECT_TRUE(wait_until(child, [&] { return read_file(path("stderr")).find("; Ctrl-C ends") != std::string::npos; }));
  EXPECT_NE(read_file(path("stderr")).find("notice: " + path("a") + " is not there yet: waiting for it"),
            std::string::npos);
  EXPECT_FALSE(fs::exists(folder_ / "a")) << "a training wants to make it";
  make_directories(folder_ / "a");
  std::optional<FolderLock> owner(folder_ / "a");
  write_run("a");
  EXPECT_TRUE(wait_until(
      child, [&] { return page("a/watch.html").find("run &quot;a&quot; is at epoch 2.0") != std::string::npos; }));
  end_run("a");
  EXPECT_EQ(finish(child).status, 0);
}

// A page that nobody writes any more does not go on loading itself.
TEST_F(WatchCli, LeavesAPageThatKnowsThatItIsTheLast) {
  write_run("a");
  const FolderLock owner(folder_ / "a");
  const pid_t child = start({"watch", path("a"), "--every", "1", "--out", path("pages/w.html")});
  EXPECT_TRUE(wait_until(child, [&] { return page("pages/w.html").find("data-seconds") != std::string::npos; }));
  ::kill(child, SIGINT);
  const Outcome outcome = finish(child);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(page("pages/w.html").find("no longer written anew"), std::string::npos);
  EXPECT_EQ(page("pages/w.html").find("data-seconds"), std::string::npos);
}

TEST_F(WatchCli, EndsWhereFilesStayDamaged) {
  write_run("a");
  const FolderLock owner(folder_ / "a");
  const pid_t child = start({"watch", path("a"), "--every", "1"});
  EXPECT_TRUE(wait_until(child, [&] { return !page("a/watch.html").empty(); }));
  write_file(folder_ / "a" / "DONE", "{");  // damaged, and for good
  const Outcome outcome = finish(child);
  expect_refused({outcome.status, outcome.out, outcome.err.substr(outcome.err.find('\n') + 1)},
                 "DONE: damaged result file");
}

TEST_F(WatchCli, RefusesWhatIsNoRun) {
  expect_refused(run({"watch", path("nothing"), "--once"}), "is no run directory");
  write_file(folder_ / "file", "x");
  expect_refused(run({"watch", path("file")}), "is no run directory");
  make_directories(folder_ / "photos");
  write_file(folder_ / "photos" / "cat.txt", "x");
  expect_refused(run({"watch", path("photos")}), "is no run directory");
  write_run("a");
  expect_refused(run({"watch", path("a"), "--every", "0"}), "");
  expect_refused(run({"watch", path("a"), "--terminal"}), "--terminal: standard output is no terminal");
}

TEST_F(WatchCli, LooksOnceAndPrintsAnywhere) {
  write_run("a");
  const Outcome text = run({"watch", path("a"), "--terminal", "--once"});
  ASSERT_EQ(text.status, 0) << text.err;
  EXPECT_EQ(text.out.rfind("a has stopped at epoch 2.0 of 4, step 20", 0), 0U) << text.out;
  EXPECT_NE(text.out.find("▁"), std::string::npos);
  EXPECT_EQ(text.out.find('\033'), std::string::npos) << "no terminal, no cursor";
  EXPECT_FALSE(fs::exists(folder_ / "a/watch.html"));
  ::setenv("LC_ALL", "C", 1);
  const Outcome ascii = run({"watch", path("a"), "--terminal", "--once"});
  EXPECT_TRUE(
      std::all_of(ascii.out.begin(), ascii.out.end(), [](char c) { return static_cast<unsigned char>(c) < 128; }));
  const Outcome page_too = run({"watch", path("a"), "--once", "--out", path("w.html")});
  EXPECT_EQ(page_too.status, 0) << page_too.err;
  EXPECT_EQ(page("w.html").find("data-seconds"), std::string::npos) << "nobody will write it anew";
}

constexpr const char* kOwnScreen = "\033[?1049h";
constexpr const char* kOldScreen = "\033[?1049l";

class WatchOnTerminal : public WatchCli {
 protected:
  static std::vector<std::string> watching(std::vector<std::string> more) {
    more.insert(more.begin(), {test::program(), "watch"});
    return more;
  }
  // The program's status, when it has ended by itself, and the terminal is as it was.
  static int end(test::PseudoTerminal& terminal) {
    const int status = terminal.end();
    EXPECT_TRUE(terminal.echoes());
    return status;
  }
};

TEST_F(WatchOnTerminal, TakesTheScreenAndGivesItBackForEveryWayToEnd) {
  write_run("a");
  const FolderLock owner(folder_ / "a");
  using Terminal = test::PseudoTerminal;
  const std::vector<std::function<void(const Terminal&)>> ways = {
      [](const Terminal& t) { t.press("q"); }, [](const Terminal& t) { t.press("\003"); },
      [](const Terminal& t) { ::kill(t.program(), SIGTERM); }, [](const Terminal& t) { ::kill(t.program(), SIGINT); }};
  for (const auto& way : ways) {
    Terminal terminal(watching({path("a"), "--terminal"}));
    const std::string& seen = terminal.seen();
    ASSERT_TRUE(terminal.see("q ends; looks every ")) << seen;
    EXPECT_EQ(seen.rfind(kOwnScreen, 0), 0U);
    EXPECT_NE(seen.find("a is at epoch 2.0 of 4, step 20, 8.0 s left"), std::string::npos) << seen;
    EXPECT_FALSE(terminal.echoes()) << "keys are read one by one";
    way(terminal);
    EXPECT_EQ(end(terminal), 0) << seen;
    ASSERT_NE(seen.find(kOldScreen), std::string::npos) << seen;
    EXPECT_NE(seen.find("\033[?25h"), std::string::npos) << "the cursor is back";
    EXPECT_NE(seen.find("a is at epoch", seen.rfind(kOldScreen)), std::string::npos) << "what was seen last stays";
  }
}

TEST_F(WatchOnTerminal, FollowsTheSizeOfTheTerminalAndTheRun) {
  write_run("a");
  std::optional<FolderLock> owner(folder_ / "a");
  test::PseudoTerminal terminal(watching({path("a"), "--terminal", "--every", "1"}));
  const std::string& seen = terminal.seen();
  ASSERT_TRUE(terminal.see("rank r"));
  ASSERT_TRUE(terminal.see("looks every "));
  size_t from = seen.size();
  terminal.resize(24, 3);
  ASSERT_TRUE(terminal.see("a is at epoch 2.0 of 4, \033[0m", from)) << seen.substr(from);
  from = seen.size();
  write_run("a", 3);
  ASSERT_TRUE(terminal.see("a is at epoch 3.0", from)) << seen.substr(from);
  end_run("a");
  owner.reset();
  EXPECT_EQ(end(terminal), 0);
  EXPECT_NE(seen.find("a has ended", seen.rfind(kOldScreen)), std::string::npos) << "it ends with the run";
}

// Under a shell, since only one that has others to wake it can be stopped.
TEST_F(WatchOnTerminal, GivesTheScreenBackWhileItIsStopped) {
  write_run("a");
  const FolderLock owner(folder_ / "a");
  test::PseudoTerminal terminal({"/bin/sh", "-c", "set -m; \"$@\"; echo it is stopped; read -r line; echo $line; fg",
                                 "sh", test::program(), "watch", path("a"), "--terminal"});
  const std::string& seen = terminal.seen();
  ASSERT_TRUE(terminal.see("q ends"));
  terminal.press("\032");
  ASSERT_TRUE(terminal.see("it is stopped")) << seen;
  EXPECT_NE(seen.find(kOldScreen), std::string::npos) << seen;
  EXPECT_TRUE(terminal.echoes());
  const size_t from = seen.size();
  terminal.press("go on\n");
  ASSERT_TRUE(terminal.see(kOwnScreen, from)) << seen;
  ASSERT_TRUE(terminal.see("a is at epoch", from)) << seen.substr(from);
  terminal.press("q");
  EXPECT_EQ(end(terminal), 0) << seen;
}

TEST_F(WatchOnTerminal, GivesTheScreenBackBeforeItSaysWhatIsWrong) {
  write_run("a");
  const FolderLock owner(folder_ / "a");
  test::PseudoTerminal terminal(watching({path("a"), "--terminal", "--every", "1"}));
  const std::string& seen = terminal.seen();
  ASSERT_TRUE(terminal.see("q ends"));
  write_file(folder_ / "a" / "DONE", "{");
  const int status = end(terminal);
  EXPECT_EQ(WEXITSTATUS(status), 2) << seen;
  EXPECT_NE(seen.find("DONE: damaged result file", seen.rfind(kOldScreen)), std::string::npos) << seen;
}

TEST_F(WatchOnTerminal, RefusesOneThatCannotMoveItsCursor) {
  write_run("a");
  ::setenv("TERM", "dumb", 1);
  test::PseudoTerminal terminal(watching({path("a"), "--terminal"}));
  const std::string& seen = terminal.seen();
  const int status = end(terminal);
  EXPECT_EQ(WEXITSTATUS(status), 2) << seen;
  EXPECT_NE(seen.find("cannot move its cursor"), std::string::npos) << seen;
  EXPECT_EQ(seen.find(kOwnScreen), std::string::npos);
}

}  // namespace
}  // namespace directclr
