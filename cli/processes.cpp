#include "cli/processes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::cli {
namespace {

using Clock = std::chrono::steady_clock;

// How long the others may take, after one of them failed or another ended, to find out why and end too.
constexpr auto kMercy = std::chrono::seconds(20);

// A port of this machine that nobody listens at just now.
int free_port() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  const bool found = listener >= 0 && ::bind(listener, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  if (listener >= 0) ::close(listener);
  if (!found) throw Error(std::string("no port of this machine can be opened: ") + std::strerror(errno));
  return ntohs(address.sin_port);
}

// The arguments without --nproc N.
std::vector<std::string> without_count(const std::vector<std::string>& arguments) {
  std::vector<std::string> rest;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--nproc") {
      ++i;
    } else if (!arguments[i].starts_with("--nproc=")) {
      rest.push_back(arguments[i]);
    }
  }
  return rest;
}

pid_t start(const std::vector<std::string>& arguments, int64_t rank, int64_t count, int port) {
  std::vector<std::string> words = {"directclr"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child != 0) return child;
  // Ctrl-C reaches the parent alone, which passes it on once; and none outlives it.
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  const std::pair<const char*, std::string> variables[] = {
      {"RANK", std::to_string(rank)},       {"WORLD_SIZE", std::to_string(count)},
      {"LOCAL_RANK", std::to_string(rank)}, {"LOCAL_WORLD_SIZE", std::to_string(count)},
      {"MASTER_ADDR", "127.0.0.1"},         {"MASTER_PORT", std::to_string(port)}};
  for (const auto& [name, value] : variables) ::setenv(name, value.c_str(), /*overwrite=*/1);
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv("/proc/self/exe", pointers.data());
  ::_exit(127);
}

// What became of a child, for the user; empty when it ended by itself and has told why.
std::string fate(int64_t rank, int status) {
  if (!WIFSIGNALED(status)) return "";
  const int signal = WTERMSIG(status);
  return format("rank %lld was killed by signal %d (%s)%s", static_cast<long long>(rank), signal, ::strsignal(signal),
                signal == SIGKILL ? ": by somebody, or by the system for want of memory" : "");
}

int run_all(int64_t count, const Program& program, Console& console) {
  const int port = free_port();
  const auto arguments = without_count(program.arguments);
  std::vector<pid_t> children;
  for (int64_t rank = 0; rank < count; ++rank) children.push_back(start(arguments, rank, count, port));
  const auto signal_all = [&](int number) {
    for (const pid_t child : children) {
      if (child > 0) ::kill(child, number);
    }
  };
  int64_t left = count;
  int result = 0;
  bool asked_to_stop = false;
  Clock::time_point last_end{};
  while (left > 0) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended <= 0) {
      if (console.context().stop_requested() && !asked_to_stop) {
        asked_to_stop = true;
        signal_all(SIGINT);
      }
      if (result != 0 && Clock::now() - last_end > kMercy) signal_all(SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    for (int64_t rank = 0; rank < count; ++rank) {
      auto& child = children[static_cast<size_t>(rank)];
      if (child != ended) continue;
      child = 0;
      --left;
      const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
      last_end = Clock::now();
      if (code == 0) continue;
      // Whose fault it was says so; the others, which only ended with it, have 1.
      const bool first = result == 0;
      result = std::max(result, code);
      if (!first) continue;
      if (const std::string text = fate(rank, status); !text.empty()) console.error(text);
    }
  }
  return result;
}

}  // namespace

void Processes::add_to(CLI::App& app) {
  app.add_option("--nproc", count_,
                 "processes on this machine that share the work; 0: this one, or those that torchrun, "
                 "mpirun or srun started")
      ->check(CLI::Range(int64_t{0}, int64_t{1024}))
      ->default_str("0");
}

void Processes::carry_out(Program& program, Console& console,
                          const std::function<void(const dist::Environment&)>& work) const {
  const dist::Environment environment = dist::process_environment();
  if (count_ > 1) {
    if (!environment.alone()) {
      throw InputError("--nproc", "this is one of several processes already, started by " + environment.launcher);
    }
    program.status = run_all(count_, program, console);
    return;
  }
  console.speak_as(environment.rank, environment.size);
  work(environment);
}

}  // namespace directclr::cli
