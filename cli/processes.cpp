#include "cli/processes.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <thread>
#include <vector>

#include "directclr/core/child_process.h"
#include "directclr/core/error.h"
#include "directclr/core/text.h"

namespace directclr::cli {
namespace {

using Clock = std::chrono::steady_clock;

// How long the others may take, after one of them failed or another ended, to find out why and end too.
constexpr auto kGracePeriod = std::chrono::seconds(20);

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

ChildProcess start(const std::vector<std::string>& arguments, int64_t rank, int64_t count, int port) {
  return ChildProcess("/proc/self/exe", arguments,
                      {"directclr",
                       {{"RANK", std::to_string(rank)},
                        {"WORLD_SIZE", std::to_string(count)},
                        {"LOCAL_RANK", std::to_string(rank)},
                        {"LOCAL_WORLD_SIZE", std::to_string(count)},
                        {"MASTER_ADDR", "127.0.0.1"},
                        {"MASTER_PORT", std::to_string(port)}},
                       {},
                       /*hold_signals=*/true});
}

int run_all(int64_t count, const Program& program, Console& console) {
  const int port = free_port();
  const auto arguments = without_count(program.arguments);
  std::vector<ChildProcess> children;
  for (int64_t rank = 0; rank < count; ++rank) children.push_back(start(arguments, rank, count, port));
  const auto signal_all = [&](int number) {
    for (const auto& child : children) child.signal(number);
  };
  int64_t left = count;
  int result = 0;
  bool asked_to_stop = false;
  Clock::time_point last_end{};
  while (left > 0) {
    if (console.context().stop_requested() && !asked_to_stop) {
      asked_to_stop = true;
      signal_all(SIGINT);
    }
    if (result != 0 && Clock::now() - last_end > kGracePeriod) signal_all(SIGKILL);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    for (int64_t rank = 0; rank < count; ++rank) {
      const auto ending = children[static_cast<size_t>(rank)].poll();
      if (!ending) continue;
      --left;
      last_end = Clock::now();
      if (ending->status == 0) continue;
      // Whose fault it was says so; the others, which only ended with it, have 1.
      const bool first = result == 0;
      result = std::max(result, ending->signal != 0 ? 1 : ending->status);
      if (first && ending->signal != 0) {
        console.error(format("rank %lld ", static_cast<long long>(rank)) + killed_by(*ending));
      }
    }
  }
  return result;
}

}  // namespace

void Processes::add_to(CLI::App& app) {
  app.add_option("--nproc", count_,
                 "processes on this machine that share the work; 0: a single process, or the world size set by "
                 "torchrun, mpirun or srun")
      ->check(CLI::Range(int64_t{0}, int64_t{1024}))
      ->default_str("0");
}

void Processes::carry_out(Program& program, Console& console,
                          const std::function<void(const ProcessEnvironment&)>& work) const {
  const ProcessEnvironment environment = process_environment();
  if (count_ > 1) {
    if (!environment.is_single()) {
      throw InputError("--nproc", "this is one of several processes already, started by " + environment.launcher);
    }
    program.status = run_all(count_, program, console);
    return;
  }
  console.speak_as(environment.rank, environment.size);
  work(environment);
}

}  // namespace directclr::cli
