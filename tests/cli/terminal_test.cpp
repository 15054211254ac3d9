// What is seen while the real program works: on a terminal of 80 columns, in a log, and while another run computes.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "directclr/core/core_turns.h"
#include "directclr/core/json.h"
#include "directclr/core/text.h"
#include "tests/cli/cli.h"
#include "tests/cli/pseudo_terminal.h"

namespace directclr {
namespace {

using test::Outcome;

class Terminal : public test::Cli {
 protected:
  // All that the program writes on a terminal of so many columns.
  std::string on_terminal(std::vector<std::string> words, uint16_t columns) const {
    words.insert(words.begin(), test::program());
    test::PseudoTerminal terminal(std::move(words), columns);
    EXPECT_EQ(terminal.end(), 0) << terminal.seen();
    return terminal.seen();
  }
  std::vector<std::string> training(const std::string& out) const {
    return {"train",     "--data", data_,          "--arch", "basic:1,1,1,1:4", "--stem", "small", "--epochs", "4",
            "--threads", "1",      "--batch-size", "16",     "--log-every",     "1",      "--out", path(out)};
  }
  // The last progress line of a training.
  static std::string last_progress(const std::string& text) {
    std::string last;
    for (const auto& line : split(text, '\n')) {
      for (auto piece : split(line, '\r')) {
        if (piece.starts_with("\033[K")) piece.erase(0, 3);
        if (piece.starts_with("train ")) last = piece;
      }
    }
    return last;
  }
};

TEST_F(Terminal, NarrowOnesKeepRankAndDeadDirections) {
  const std::string wide = last_progress(on_terminal(training("wide"), 200));
  for (const char* part :
       {"[####################]", "320/320 images", "/s", "left", "rank r ", " dead)", "  z ", "loss ", "lr "}) {
    EXPECT_NE(wide.find(part), std::string::npos) << part << ": " << wide;
  }
  for (const uint16_t columns : {uint16_t{80}, uint16_t{60}}) {
    const std::string line = last_progress(on_terminal(training("at" + std::to_string(columns)), columns));
    EXPECT_LT(line.size(), columns) << line;
    EXPECT_TRUE(line.starts_with("train 100%")) << line;
    EXPECT_NE(line.find("rank r "), std::string::npos) << line;
    EXPECT_NE(line.find(" dead)"), std::string::npos) << line;
    EXPECT_NE(line.find(" left"), std::string::npos) << line;
    EXPECT_EQ(line.find("lr "), std::string::npos) << line;
  }
}

// The test is the other run: it holds all cores until the program has said that it waits.
TEST_F(Terminal, ARunThatWaitsForTheCoresSaysSo) {
  const char* const before = std::getenv("XDG_RUNTIME_DIR");
  const std::string kept = before ? before : "";
  ::setenv("XDG_RUNTIME_DIR", folder_.path().c_str(), 1);
  CoreTurns turns(1 << 20);
  std::optional<CoreTurns::Turn> turn(turns.take({}));
  const pid_t child = start(training("run"));
  const auto said = [&] {
    return read_file(path("stderr")).find("notice: this run waits for its turn on the cores, which 1 other run uses") !=
           std::string::npos;
  };
  while (!said() && ::waitpid(child, nullptr, WNOHANG) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(said()) << read_file(path("stderr"));
  turn.reset();
  const Outcome done = finish(child);
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_EQ(done.err.find("waits for its turn"), done.err.rfind("waits for its turn")) << "once";
  before ? ::setenv("XDG_RUNTIME_DIR", kept.c_str(), 1) : ::unsetenv("XDG_RUNTIME_DIR");
}

TEST_F(Terminal, ALogHasALineAFinishedRunAndTimesHaveUnits) {
  std::vector<std::string> words = {"reproduce", "fig7", "--data",       data_, "--epochs", "1",
                                    "--seeds",   "1",    "--jobs",       "1",   "--arch",   "basic:1,1,1,1:4",
                                    "--limit",   "64",   "--batch-size", "16",  "--out",    path("out")};
  auto dry = words;
  dry.emplace_back("--dry-run");
  const Outcome planned = run(dry);
  ASSERT_EQ(planned.status, 0) << planned.err;
  for (const auto& line : split(planned.out, '\n')) {
    if (!line.starts_with("  mlp-s0-")) continue;
    EXPECT_TRUE(line.ends_with(" s")) << line;
  }
  EXPECT_NE(planned.out.find(" s, one run after the other"), std::string::npos) << planned.out;
  const Outcome done = run(words);
  ASSERT_EQ(done.status, 0) << done.err;
  EXPECT_NE(done.err.find(" is done: 1 of 2\n"), std::string::npos) << done.err;
  EXPECT_NE(done.err.find(" is done: 2 of 2\n"), std::string::npos) << done.err;
  words[7] = "2";  // seeds
  EXPECT_NE(run(words).err.find(" is done: 4 of 4, 2 of them before this start\n"), std::string::npos);
}

}  // namespace
}  // namespace directclr
