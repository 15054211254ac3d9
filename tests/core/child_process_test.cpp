#include "directclr/core/child_process.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "directclr/core/error.h"
#include "directclr/core/files.h"
#include "tests/support/temporary_folder.h"

namespace directclr {
namespace {

ChildProcess::Ending wait_for(ChildProcess& child) {
  for (int i = 0; i < 1000; ++i) {
    if (const auto ending = child.poll()) return *ending;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << "the child did not end in ten seconds";
  return {};
}

TEST(ChildProcess, GivesStatusOutputAndEnvironment) {
  const test::TemporaryFolder folder;
  write_file(folder / "log", "before\n");
  ChildProcess child("/bin/sh", {"-c", "echo \"$GREETING $1\"; echo error >&2; exit 7", "sh", "two words"},
                     {"", {{"GREETING", "hello"}}, folder / "log"});
  const auto ending = wait_for(child);
  EXPECT_EQ(ending.status, 7);
  EXPECT_EQ(ending.signal, 0);
  EXPECT_EQ(killed_by(ending), "");
  EXPECT_FALSE(child.running());
  EXPECT_FALSE(child.poll().has_value()) << "an ending is told once";
  EXPECT_EQ(read_file(folder / "log"), "before\nhello two words\nerror\n");
}

TEST(ChildProcess, IsToldASignal) {
  ChildProcess child("/bin/sleep", {"60"}, {});
  EXPECT_FALSE(child.poll().has_value());
  child.signal(SIGKILL);
  const auto ending = wait_for(child);
  EXPECT_EQ(ending.signal, SIGKILL);
  EXPECT_EQ(ending.status, 128 + SIGKILL);
  EXPECT_NE(killed_by(ending).find("was killed by signal 9"), std::string::npos);
  child.signal(SIGKILL);  // nobody is there any more
}

TEST(ChildProcess, EndsWithItsOwner) {
  const test::TemporaryFolder folder;
  {
    ChildProcess child("/bin/sh", {"-c", "trap 'echo ended; exit' TERM; echo began; while :; do sleep 0.05; done"},
                       {"", {}, folder / "log"});
    while (read_file(folder / "log").empty()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ChildProcess moved = std::move(child);
    EXPECT_TRUE(moved.running());
  }
  EXPECT_EQ(read_file(folder / "log"), "began\nended\n");
}

TEST(ChildProcess, HoldsSignalsUntilTheyAreAskedFor) {
  // sleep never asks.
  for (const bool hold : {true, false}) {
    ChildProcess child("/bin/sleep", {"0.3"}, {"", {}, {}, hold});
    child.signal(SIGTERM);
    EXPECT_EQ(wait_for(child).signal, hold ? 0 : SIGTERM);
  }
}

TEST(ChildProcess, CannotStartWhatIsNotThere) {
  ChildProcess child("/nowhere/program", {}, {});
  EXPECT_EQ(wait_for(child).status, 127);
  EXPECT_THROW(ChildProcess("/bin/true", {}, {"", {}, "/nowhere/log"}), InputError);
}

}  // namespace
}  // namespace directclr
