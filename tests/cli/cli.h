#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "directclr/core/files.h"
#include "tests/support/idx_files.h"
#include "tests/support/json_printing.h"
#include "tests/support/temporary_folder.h"

extern char** environ;

namespace directclr::test {

/// The program under test.
std::string program();

/// What a program ended with.
struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

/// The real program, started as a user starts it, in a folder with a small data set.
class Cli : public ::testing::Test {
 protected:
  Cli() {
    test::write_idx_set(folder_ / "data", 80, 40);
    data_ = "fashion-mnist:" + (folder_ / "data").string();
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  pid_t start(std::vector<std::string> words) const {
    words.insert(words.begin(), program());
    return start_program(program().c_str(), std::move(words));
  }

  // Output goes to files whose names begin with `prefix`.
  pid_t start_program(const char* program, std::vector<std::string> words, const std::string& prefix = "") const {
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, path(prefix + "stdout").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    posix_spawn_file_actions_addopen(&actions, 2, path(prefix + "stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    pid_t child = 0;
    if (::posix_spawn(&child, program, &actions, nullptr, arguments.data(), environ) != 0) {
      throw std::runtime_error(std::string("cannot start ") + program);
    }
    posix_spawn_file_actions_destroy(&actions);
    return child;
  }

  Outcome finish(pid_t child, const std::string& prefix = "") const {
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(path(prefix + "stdout")),
            read_file(path(prefix + "stderr"))};
  }

  Outcome run(const std::vector<std::string>& words) const { return finish(start(words)); }

  // A training small enough for a test; `more` comes on top.
  Outcome train(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {
        "train",     "--data", data_,          "--arch", "basic:1,1,1,1:4", "--stem", "small",       "--epochs", "2",
        "--threads", "1",      "--batch-size", "16",     "--projector-dim", "8",      "--log-every", "2"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  // The same of the pictures in a folder.
  Outcome train_on_folder(const std::string& name, const std::vector<std::string>& more) const {
    // Eight channels: with four, oneDNN's AVX2 kernel of 1x1 convolutions at 32 pixels and more runs past its memory.
    std::vector<std::string> words = {"train",
                                      "--data",
                                      "folder:" + path(name),
                                      "--arch",
                                      "basic:1,1,1,1:8",
                                      "--batch-size",
                                      "4",
                                      "--image-size",
                                      "32",
                                      "--threads",
                                      "1",
                                      "--epochs",
                                      "1"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  // Bad input: exit status 2 and one line on standard error that holds `expected`, not counting notices
  // and what was read before.
  void expect_refused(const Outcome& outcome, const std::string& expected) const {
    EXPECT_EQ(outcome.status, 2) << outcome.err;
    EXPECT_NE(outcome.err.find(expected), std::string::npos) << "expected: " << expected << "\nactual: " << outcome.err;
    auto lines = std::count(outcome.err.begin(), outcome.err.end(), '\n');
    for (const std::string other : {"directclr: read ", "directclr: notice: "}) {
      for (size_t at = outcome.err.find(other); at != std::string::npos; at = outcome.err.find(other, at + 1)) --lines;
    }
    EXPECT_EQ(lines, 1) << outcome.err;
  }

  test::TemporaryFolder folder_;
  std::string data_;
};

}  // namespace directclr::test
