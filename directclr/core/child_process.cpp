#include "directclr/core/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "directclr/core/error.h"
#include "directclr/core/text.h"

extern char** environ;

namespace directclr {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::string> words;
  for (char** entry = environ; *entry; ++entry) {
    const std::string word = *entry;
    bool replaced = false;
    for (const auto& [name, value] : more) replaced |= word.starts_with(name + "=");
    if (!replaced) words.push_back(word);
  }
  for (const auto& [name, value] : more) words.push_back(name + "=" + value);
  return words;
}

}  // namespace

ChildProcess::ChildProcess(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                           const Options& options) {
  // Everything that allocates comes before the fork.
  std::vector<std::string> words = {options.name.empty() ? program.filename().string() : options.name};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = environment_with(options.environment);
  const auto argv = pointers_to(words);
  const auto envp = pointers_to(variables);
  int output = -1;
  if (!options.output.empty()) {
    output = ::open(options.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0) throw InputError(options.output.string(), std::strerror(errno));
  }
  const pid_t parent = ::getpid();
  sigset_t held, before;  // the child begins with what is held here
  ::sigemptyset(&held);
  if (options.hold_signals) {
    ::sigaddset(&held, SIGINT);
    ::sigaddset(&held, SIGTERM);
    ::sigaddset(&held, SIGHUP);
  }
  ::pthread_sigmask(SIG_BLOCK, &held, &before);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    if (output >= 0 && (::dup2(output, STDOUT_FILENO) < 0 || ::dup2(output, STDERR_FILENO) < 0)) ::_exit(127);
    ::execve(program.c_str(), argv.data(), envp.data());
    ::_exit(127);
  }
  const int reason = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (output >= 0) ::close(output);
  if (pid_ < 0) throw Error(program.string() + ": cannot be started: " + std::strerror(reason));
}

ChildProcess::~ChildProcess() {
  if (!running()) return;
  signal(SIGTERM);
  ::waitpid(pid_, nullptr, 0);
}

std::optional<ChildProcess::Ending> ChildProcess::poll() {
  if (!running()) return std::nullopt;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  pid_ = 0;
  if (WIFSIGNALED(status)) return Ending{128 + WTERMSIG(status), WTERMSIG(status)};
  return Ending{WEXITSTATUS(status), 0};
}

void ChildProcess::signal(int number) const {
  if (running()) ::kill(pid_, number);
}

std::string killed_by(const ChildProcess::Ending& ending) {
  if (ending.signal == 0) return "";
  return format("was killed by signal %d (%s)%s", ending.signal, ::strsignal(ending.signal),
                ending.signal == SIGKILL ? ": by somebody, or by the system for want of memory" : "");
}

}  // namespace directclr
